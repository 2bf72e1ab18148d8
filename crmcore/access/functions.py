"""Functions: what a profile grants, by part of the system and verb (A05, A06)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from crmcore.hooks import Permission
from crmcore.labels import Label
from crmcore.model import CORE, Entity, VisibilityKind

READ: Final = "read"
CREATE: Final = "create"
UPDATE: Final = "update"
DELETE: Final = "delete"
VERBS: Final = (READ, CREATE, UPDATE, DELETE)
MERGE_VERB: Final = "merge"
"""What one may do with customers beside the verbs of all."""

CUSTOMERS: Final = "customers"
CONTACTS: Final = "contacts"
TERRITORY: Final = "territory"
CONFIGURATION: Final = "configuration"
SEARCHES: Final = "searches"
CHANGES: Final = "changes"
ACCESS: Final = "access"

PRIVACY_ERASE: Final = "privacy.erase"
PRIVACY_EXPORT: Final = "privacy.export"
PRIVACY_OVERRIDE: Final = "privacy.override"
WORKFLOW_OVERRIDE: Final = "workflow.override"
CHANGES_UNDO: Final = "changes.undo"
CORE_PERMISSIONS: Final = (
    Permission(name=WORKFLOW_OVERRIDE, label=Label("Forzare un passaggio di stato", "Take a step that a workflow forbids")),
    Permission(name=CHANGES_UNDO, label=Label("Annullare manutenzioni altrui", "Undo the mass changes of others")),
    Permission(name=PRIVACY_ERASE, label=Label("Cancellare persone", "Erase people")),
    Permission(name=PRIVACY_EXPORT, label=Label("Esportare i dati di una persona", "Export the data of a person")),
    Permission(name=PRIVACY_OVERRIDE, label=Label("Riammettere persone cancellate", "Let erased people back in")),
)
"""What the core lets a profile grant beside reading and writing."""

_PARTS: Final[Mapping[str, str]] = {
    **dict.fromkeys(
        ("account", "account_role", "account_portfolio", "contact_point", "site", "person", "person_preference", "relation", "consent"),
        CUSTOMERS,
    ),
    **dict.fromkeys(("account_merge", "account_merge_member"), CUSTOMERS),
    "interaction": CONTACTS,
    **dict.fromkeys(("salesperson", "zone", "zone_rule", "seller_zone"), TERRITORY),
    **dict.fromkeys(("crm_user", "profile", "user_group", "group_member"), ACCESS),
    **dict.fromkeys(("device", "device_user", "credential", "user_session", "api_token", "challenge"), ACCESS),
    "saved_search": SEARCHES,
    **dict.fromkeys(("change_set", "change_set_item"), CHANGES),
}


def part_of(cls: type[Entity]) -> str:
    """Return the part of the system that an entity belongs to: for a plugin's, the plugin; catalogues of the core are configuration."""
    return _PARTS.get(cls.entity_name(), CONFIGURATION) if cls.__plugin__ == CORE else cls.__plugin__


def reads_freely(cls: type[Entity]) -> bool:
    """Return whether everybody reads an entity without a function: catalogues that every screen shows, and names of colleagues."""
    return cls.__visibility__.kind is VisibilityKind.PUBLIC and cls.__plugin__ == CORE


def allowed(granted: Iterable[str], function: str) -> bool:
    """Return whether a list of functions grants one; ``customers.*`` is a whole part, ``*`` everything."""
    part = function.rpartition(".")[0]
    return any(each in {"*", function} or (each.endswith(".*") and (f"{part}.").startswith(each[:-1])) for each in granted)


def functions_of(entities: Iterable[type[Entity]]) -> tuple[str, ...]:
    """Return every function of some entities, sorted."""
    return tuple(sorted({f"{CUSTOMERS}.{MERGE_VERB}", *(f"{part_of(cls)}.{verb}" for cls in entities for verb in VERBS)}))
