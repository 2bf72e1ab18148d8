"""The revisions of the plugin."""
