"""The sales force, zones, and who sells where."""

from crmcore.territory.api import Territory
from crmcore.territory.values import Address, Assigned, Move, SellerPlan, Source

__all__ = ["Address", "Assigned", "Move", "SellerPlan", "Source", "Territory"]
