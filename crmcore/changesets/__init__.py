"""Mass changes: preview, confirm, undo."""
