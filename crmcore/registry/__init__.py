"""The registry: which plugins there are, what they declare, and whether all of it holds."""

from crmcore.registry.build import CORE_MIGRATIONS, load
from crmcore.registry.discovery import Installed, LoadedPlugin, describe, discover, load_modules
from crmcore.registry.dispatch import Dispatcher, HookInfo, Implementation, failure, specifications
from crmcore.registry.order import Requirement, order_plugins, required_by, requirements_of
from crmcore.registry.registry import BoundHandler, BoundJob, EventType, Registry

__all__ = [
    "CORE_MIGRATIONS",
    "BoundHandler",
    "BoundJob",
    "Dispatcher",
    "EventType",
    "HookInfo",
    "Implementation",
    "Installed",
    "LoadedPlugin",
    "Registry",
    "Requirement",
    "describe",
    "discover",
    "failure",
    "load",
    "load_modules",
    "order_plugins",
    "required_by",
    "requirements_of",
    "specifications",
]
