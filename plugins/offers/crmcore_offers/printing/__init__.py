"""The part of the plugin about documents as PDF and from Word templates."""
