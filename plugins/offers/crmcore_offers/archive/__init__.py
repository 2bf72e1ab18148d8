"""The part of the plugin about documents, rows, numbering, conversion, revisions, workflow."""
