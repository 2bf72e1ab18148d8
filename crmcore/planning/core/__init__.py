"""The collections of the core."""

from crmcore.planning.core.all import CORE_COLLECTIONS

__all__ = ["CORE_COLLECTIONS"]
