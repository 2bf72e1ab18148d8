"""Characteristics: definitions, types, and the check of values."""

from crmcore.characteristics.types import BUILTIN_TYPES

__all__ = ["BUILTIN_TYPES"]
