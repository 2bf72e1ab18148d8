"""Rules and texts that people write: a small language over plain values, with limits that hold."""

from crmcore.scripting.catalogue import Catalogue, Function, plugin_function
from crmcore.scripting.engine import Mode, Outcome, Script, Scripts
from crmcore.scripting.errors import Kind, ScriptError
from crmcore.scripting.functions import CORE
from crmcore.scripting.grammar import Program, check
from crmcore.scripting.limits import DEFAULT_LIMITS, BudgetExceeded, Guard, Limits
from crmcore.scripting.values import NotPlain, Record, freeze
from crmcore.scripting.workdays import with_calendar

__all__ = [
    "CORE",
    "DEFAULT_LIMITS",
    "BudgetExceeded",
    "Catalogue",
    "Function",
    "Guard",
    "Kind",
    "Limits",
    "Mode",
    "NotPlain",
    "Outcome",
    "Program",
    "Record",
    "Script",
    "ScriptError",
    "Scripts",
    "check",
    "freeze",
    "plugin_function",
    "with_calendar",
]
