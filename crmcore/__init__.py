"""crmcore: a Python framework for Italian CRMs. This module names the public API of everyday use; see the subpackages for the rest."""

from crmcore.app import Crm
from crmcore.errors import CrmError, ErrorCode, Problem, StaleVersion, ValidationFailed
from crmcore.events import Envelope, Event, Every, FrozenClock, Rule
from crmcore.hooks import (
    CharacteristicDef,
    Choice,
    Command,
    ConfigSchema,
    FieldType,
    Handler,
    Job,
    Label,
    Migrations,
    Permission,
    Phase,
    PluginInfo,
    ScriptFunction,
    State,
    StateTable,
    Template,
    Transition,
    TransitionMode,
    hookimpl,
    hookspec,
    single_slot,
)
from crmcore.model import Account, AccountKind, Entity, Visibility
from crmcore.session import Actor, Change, Session
from crmcore.work import JobRun, Worker

__version__ = "0.1.0"

__all__ = [
    "Account",
    "AccountKind",
    "Actor",
    "Change",
    "CharacteristicDef",
    "Choice",
    "Command",
    "ConfigSchema",
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
    "Migrations",
    "Permission",
    "Phase",
    "PluginInfo",
    "Problem",
    "Rule",
    "ScriptFunction",
    "Session",
    "StaleVersion",
    "State",
    "StateTable",
    "Template",
    "Transition",
    "TransitionMode",
    "ValidationFailed",
    "Visibility",
    "Worker",
    "__version__",
    "hookimpl",
    "hookspec",
    "single_slot",
]
