"""The checks of the kit, by subject; each yields every problem that it finds."""
