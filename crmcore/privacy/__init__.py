"""Personal data: erasing and exporting people, and the list of those whom no import may bring back (GDPR art. 15, 17, 20)."""

from crmcore.privacy.api import PrivacyApi
from crmcore.privacy.events import AccountErased, PersonErased
from crmcore.privacy.exporting import SubjectExport
from crmcore.privacy.redaction import MARKER, redact_changes
from crmcore.privacy.scrubbing import Scrubbing, scrub
from crmcore.privacy.suppression import Suppressed
from crmcore.privacy.values import Erasure, Log, Preview, TableReport

__all__ = [
    "MARKER",
    "AccountErased",
    "Erasure",
    "Log",
    "PersonErased",
    "Preview",
    "PrivacyApi",
    "Scrubbing",
    "SubjectExport",
    "Suppressed",
    "TableReport",
    "redact_changes",
    "scrub",
]
