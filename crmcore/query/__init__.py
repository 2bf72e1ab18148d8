"""Filters, saved searches, sorting, paging and full-text search."""
