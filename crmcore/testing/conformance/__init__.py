"""The conformance kit: what every plugin must hold, checked from outside."""

from crmcore.testing.conformance.check import CHECKS, Check
from crmcore.testing.conformance.inherited import PluginConformance
from crmcore.testing.conformance.running import Executed, Findings, examine, run_checks
from crmcore.testing.conformance.subject import Bench, Samples, Subject

__all__ = ["CHECKS", "Bench", "Check", "Executed", "Findings", "PluginConformance", "Samples", "Subject", "examine", "run_checks"]
