"""Import of lists: read whatever people send, propose a mapping, preview, run, resume, report and undo."""

from crmcore_quality.importing.api import PERMISSION, Detected, Imports
from crmcore_quality.importing.casting import Values
from crmcore_quality.importing.codes import CODES
from crmcore_quality.importing.model import Import, ImportKey, ImportMapping, ImportRow
from crmcore_quality.importing.sources import Source, open_source
from crmcore_quality.importing.values import (
    Dialect,
    ImportRefused,
    Outcome,
    Policy,
    Replace,
    ReportRow,
    Structure,
    Summary,
    Target,
)

__all__ = [
    "CODES",
    "PERMISSION",
    "Detected",
    "Dialect",
    "Import",
    "ImportKey",
    "ImportMapping",
    "ImportRefused",
    "ImportRow",
    "Imports",
    "Outcome",
    "Policy",
    "Replace",
    "ReportRow",
    "Source",
    "Structure",
    "Summary",
    "Target",
    "Values",
    "open_source",
]
