"""Territory."""


class Territory:
    """Stub."""
