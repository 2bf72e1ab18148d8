"""Tools of the project itself: what `make` calls besides Python's own programs. Nothing here is installed."""
