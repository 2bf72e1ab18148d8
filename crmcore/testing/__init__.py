"""What tests of plugins and of the core are made of: databases, time, and the conformance kit."""

from crmcore.testing.conformance import CHECKS, Findings, PluginConformance, examine, run_checks
from crmcore.testing.databases import KINDS, Kind, Template, TestDatabases
from crmcore.testing.plugins import make_plugin
from crmcore.testing.rendering import require_pdf
from crmcore.testing.time import advance, advance_to

__all__ = [
    "CHECKS",
    "KINDS",
    "Findings",
    "Kind",
    "PluginConformance",
    "Template",
    "TestDatabases",
    "advance",
    "advance_to",
    "examine",
    "make_plugin",
    "require_pdf",
    "run_checks",
]
