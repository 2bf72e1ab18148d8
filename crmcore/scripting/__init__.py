"""Rules and texts that people write: a small language over plain values, with limits that hold."""

from crmcore.scripting.errors import Kind, ScriptError
from crmcore.scripting.limits import DEFAULT_LIMITS, BudgetExceeded, Guard, Limits
from crmcore.scripting.values import NotPlain, Record, freeze

__all__ = [
    "DEFAULT_LIMITS",
    "BudgetExceeded",
    "Guard",
    "Kind",
    "Limits",
    "NotPlain",
    "Record",
    "ScriptError",
    "freeze",
]
