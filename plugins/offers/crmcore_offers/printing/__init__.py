"""The part of the plugin about documents as PDF and from Word templates."""

from crmcore_offers.printing.prints import KeptFile, Prints

__all__ = ["KeptFile", "Prints"]
