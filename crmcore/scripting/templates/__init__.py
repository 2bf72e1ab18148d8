"""Call scripts and letters: texts with placeholders, in a sandbox."""
