"""Personal data: erasing and exporting people, and the list of those whom no import may bring back (GDPR art. 15, 17, 20)."""

from crmcore.privacy.events import AccountErased, PersonErased
from crmcore.privacy.scrubbing import Scrubbing, scrub
from crmcore.privacy.suppression import Suppressed
from crmcore.privacy.values import Erasure, Log, Preview, TableReport

__all__ = [
    "AccountErased",
    "Erasure",
    "Log",
    "PersonErased",
    "Preview",
    "Scrubbing",
    "Suppressed",
    "TableReport",
    "scrub",
]
