"""What counts as a contribution: the kinds of the core, and what a kind must be."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from crmcore.events import RecordVerb
from crmcore.hooks import ContributionKind
from crmcore.labels import Label
from crmcore.model import Account, Entity

_CREATED: Final = RecordVerb.CREATED.value
_UPDATED: Final = RecordVerb.UPDATED.value
_BOTH: Final = (_CREATED, _UPDATED)

CORE_CONTRIBUTIONS: Final = (
    ContributionKind(name="core.accounts", label=Label("Nuove anagrafiche", "New accounts"), entity="account"),
    ContributionKind(name="core.updates", label=Label("Aggiornamenti", "Updates of accounts"), entity="account", verbs=(_UPDATED,)),
    ContributionKind(name="core.contacts", label=Label("Contatti", "Contacts"), entity="interaction"),
    ContributionKind(name="core.people", label=Label("Referenti", "People"), entity="person", verbs=_BOTH),
    ContributionKind(name="core.sites", label=Label("Sedi", "Sites"), entity="site", verbs=_BOTH),
    ContributionKind(name="core.consents", label=Label("Consensi", "Consents"), entity="consent"),
)
"""What the core counts (E02)."""

MACHINES: Final = ("import", "erp", "rule", "event", "job", "sync", "migration")
"""Sources of what no person wrote, whoever started it (I-71): the word alone, or followed by a colon and which."""


def account_column(kind: ContributionKind, cls: type[Entity]) -> str | None:
    """Return the column by which a record of a kind refers to its account; that of an account is its key."""
    if cls is Account:
        return "id"
    return kind.account or ("account_id" if "account_id" in cls.__table__.c else None)


def contribution_reasons(kind: ContributionKind, entities: Mapping[str, type[Entity]]) -> Iterator[str]:
    """Yield what is wrong with a kind that a plugin declares."""
    cls = entities.get(kind.entity)
    if cls is None or not cls.__audited__:
        yield f"there is no audited entity {kind.entity!r}"
        return
    if not kind.verbs or set(kind.verbs) - {verb.value for verb in RecordVerb}:
        yield f"verbs are of {', '.join(verb.value for verb in RecordVerb)}, not {kind.verbs!r}"
    if kind.account is not None and kind.account not in cls.__table__.c:
        yield f"{kind.entity} has no column {kind.account!r}"
