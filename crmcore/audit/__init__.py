"""The audit: who changed, was refused or read what; sealed in a chain of blocks, verified, exported, kept as long as wished."""

from crmcore.audit.api import AuditApi
from crmcore.audit.chain import Head, Sealed
from crmcore.audit.entries import Entry
from crmcore.audit.redaction import REDACTED, redact, rewrite
from crmcore.audit.streams import ACCESS, CHANGES, EXPIRED, READ, REDACTION, REFUSED, STREAMS
from crmcore.audit.verifying import Verdict

__all__ = [
    "ACCESS",
    "CHANGES",
    "EXPIRED",
    "READ",
    "REDACTED",
    "REDACTION",
    "REFUSED",
    "STREAMS",
    "AuditApi",
    "Entry",
    "Head",
    "Sealed",
    "Verdict",
    "redact",
    "rewrite",
]
