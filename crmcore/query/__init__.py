"""Filters, saved searches, sorting, paging and full-text search."""

from crmcore.query.driver import DriverQuery, prepare
from crmcore.query.finding import Count, Page, count, find, find_ids, find_values
from crmcore.query.views import ListView
from crmcore.storage import batches

__all__ = ["Count", "DriverQuery", "ListView", "Page", "batches", "count", "find", "find_ids", "find_values", "prepare"]
