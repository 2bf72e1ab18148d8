"""Errors with stable codes, in Italian and English."""

from crmcore.errors.catalogue import CATALOGUE
from crmcore.errors.code import ErrorCode
from crmcore.errors.exceptions import (
    AccessDenied,
    ConfigurationError,
    CrmError,
    DatabaseBusy,
    DatabaseError,
    PluginError,
    Problem,
    RecordNotFound,
    StaleVersion,
    StartError,
    TransitionRefused,
    UsageError,
    ValidationFailed,
    WriteConflict,
)

__all__ = [
    "CATALOGUE",
    "AccessDenied",
    "ConfigurationError",
    "CrmError",
    "DatabaseBusy",
    "DatabaseError",
    "ErrorCode",
    "PluginError",
    "Problem",
    "RecordNotFound",
    "StaleVersion",
    "StartError",
    "TransitionRefused",
    "UsageError",
    "ValidationFailed",
    "WriteConflict",
]
