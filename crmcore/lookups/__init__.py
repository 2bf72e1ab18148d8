"""Three-level lookup tables."""
