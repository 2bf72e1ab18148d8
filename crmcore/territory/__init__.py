"""The sales force, zones, and who sells where."""

from crmcore.territory.api import Territory

__all__ = ["Territory"]
