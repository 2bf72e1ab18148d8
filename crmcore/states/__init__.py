"""State tables and the one function that changes a state."""

import crmcore.session  # noqa: F401 - sessions are built of the rules of states: whichever is imported first, they come first
from crmcore.states.api import States

__all__ = ["States"]
