"""What the plugin refuses, and in which words."""

from crmcore_offers.codes.refusing import CODES, problem, refuse, refuse_all, unknown

__all__ = ["CODES", "problem", "refuse", "refuse_all", "unknown"]
