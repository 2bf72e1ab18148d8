"""The part of the plugin about mass maintenance of documents and rows, order lists."""
