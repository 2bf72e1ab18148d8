"""The command line: `crm`, and what the commands of plugins need."""

from crmcore.cli.codes import ExitCode
from crmcore.cli.context import current_crm, current_output, pass_crm
from crmcore.cli.output import Output
from crmcore.cli.root import crm, main

__all__ = ["ExitCode", "Output", "crm", "current_crm", "current_output", "main", "pass_crm"]
