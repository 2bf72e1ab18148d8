"""State tables and the one function that changes a state."""

from crmcore.states.api import States

__all__ = ["States"]
