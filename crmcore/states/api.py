"""States."""


class States:
    """Stub."""
