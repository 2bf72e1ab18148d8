"""The contact history."""
