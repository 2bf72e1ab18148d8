"""Entities, their base and column types."""

from crmcore.model.account import Account, AccountKind
from crmcore.model.base import CORE, METADATA, STAMPS, Entity
from crmcore.model.platform import AUDIT, EVENT, JOB, PLATFORM_TABLES, PLUGIN, SCHEDULE
from crmcore.model.types import BigId, Json, JsonMap, Money, UtcDateTime
from crmcore.model.visibility import Visibility, VisibilityKind

__all__ = [
    "AUDIT",
    "CORE",
    "EVENT",
    "JOB",
    "METADATA",
    "PLATFORM_TABLES",
    "PLUGIN",
    "SCHEDULE",
    "STAMPS",
    "Account",
    "AccountKind",
    "BigId",
    "Entity",
    "Json",
    "JsonMap",
    "Money",
    "UtcDateTime",
    "Visibility",
    "VisibilityKind",
]
