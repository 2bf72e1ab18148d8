"""The sales force, zones, and who sells where."""
