"""The commands of the core, one module each, imported when they are used."""
