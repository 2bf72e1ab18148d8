"""crmcore: a Python framework for Italian CRMs. This module names the public API of everyday use; see the subpackages for the rest.

Names are looked up when they are first used, so that ``crm --help`` and a host that only wants an error class do not pay for a database.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crmcore.app import Crm
    from crmcore.errors import CrmError, ErrorCode, Problem, StaleVersion, StartError, ValidationFailed
    from crmcore.events import Envelope, Event, Every, FrozenClock, Rule
    from crmcore.hooks import (
        CharacteristicDef,
        Choice,
        Command,
        ConfigSchema,
        Configurable,
        Configured,
        ContributionKind,
        FieldType,
        Handler,
        Job,
        Label,
        LookAt,
        Migrations,
        Normaliser,
        OpenWork,
        Permission,
        Phase,
        PluginInfo,
        ScriptFunction,
        State,
        StateTable,
        StoredAs,
        Template,
        Transition,
        TransitionMode,
        Watcher,
        hookimpl,
        hookspec,
        single_slot,
    )
    from crmcore.model import Account, AccountKind, Entity, MergePolicy, OnlyOne, Visibility
    from crmcore.session import Actor, Change, Session
    from crmcore.work import JobRun, Worker

__version__ = "0.1.0"

_HOMES = {
    "crmcore.app": ("Crm",),
    "crmcore.errors": ("CrmError", "ErrorCode", "Problem", "StaleVersion", "StartError", "ValidationFailed"),
    "crmcore.events": ("Envelope", "Event", "Every", "FrozenClock", "Rule"),
    "crmcore.hooks": (
        "CharacteristicDef",
        "Choice",
        "Command",
        "ConfigSchema",
        "Configurable",
        "Configured",
        "ContributionKind",
        "FieldType",
        "Handler",
        "Job",
        "Label",
        "LookAt",
        "Migrations",
        "Normaliser",
        "OpenWork",
        "Permission",
        "Phase",
        "PluginInfo",
        "ScriptFunction",
        "State",
        "StateTable",
        "StoredAs",
        "Template",
        "Transition",
        "TransitionMode",
        "Watcher",
        "hookimpl",
        "hookspec",
        "single_slot",
    ),
    "crmcore.model": ("Account", "AccountKind", "Entity", "MergePolicy", "OnlyOne", "Visibility"),
    "crmcore.session": ("Actor", "Change", "Session"),
    "crmcore.work": ("JobRun", "Worker"),
}
_HOME = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "Account",
    "AccountKind",
    "Actor",
    "Change",
    "CharacteristicDef",
    "Choice",
    "Command",
    "ConfigSchema",
    "Configurable",
    "Configured",
    "ContributionKind",
    "Crm",
    "CrmError",
    "Entity",
    "Envelope",
    "ErrorCode",
    "Event",
    "Every",
    "FieldType",
    "FrozenClock",
    "Handler",
    "Job",
    "JobRun",
    "Label",
    "LookAt",
    "MergePolicy",
    "Migrations",
    "Normaliser",
    "OnlyOne",
    "OpenWork",
    "Permission",
    "Phase",
    "PluginInfo",
    "Problem",
    "Rule",
    "ScriptFunction",
    "Session",
    "StaleVersion",
    "StartError",
    "State",
    "StateTable",
    "StoredAs",
    "Template",
    "Transition",
    "TransitionMode",
    "ValidationFailed",
    "Visibility",
    "Watcher",
    "Worker",
    "__version__",
    "hookimpl",
    "hookspec",
    "single_slot",
]


def __getattr__(name: str) -> object:
    home = _HOME.get(name)
    if home is None:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    value = getattr(import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
