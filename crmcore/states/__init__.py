"""State tables and the one function that changes a state."""
