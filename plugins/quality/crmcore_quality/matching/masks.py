"""Evidence that is hidden from a user: what is compared of fields that the mask of a profile hides (A05).

Whether two accounts have something in common tells what a field says, to who knows one of them. So hidden evidence finds nobody, weighs
nothing and is no reason, for this user; scans and the rules of a commit, which the platform runs, go by all of it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import select

from crmcore import Account, Session
from crmcore.model import ContactPoint, Entity, Site
from crmcore_quality.matching.reading import ADDRESS, LABEL, read_records

if TYPE_CHECKING:
    from crmcore_quality.duplicates import Record
    from crmcore_quality.matching.keeping import Keeper
    from crmcore_quality.matching.keysets import OwnKeys

_SOURCES: Final[Mapping[str, tuple[tuple[type[Entity], str], ...]]] = {
    "name": ((Account, "name"),),
    "form": ((Account, "name"),),
    "vat_code": ((Account, "vat_code"),),
    "fiscal_code": ((Account, "fiscal_code"),),
    "phones": ((Account, "phone1"), (Site, "phone"), (ContactPoint, "value")),
    "emails": ((Account, "email"), (Account, "pec"), (ContactPoint, "value")),
    "address": tuple((Site, name) for name in ADDRESS),
    "postcode": ((Site, "postcode"),),
}
"""What is compared → the fields that it is made of."""
_GIVEN: Final[Mapping[str, tuple[str, ...]]] = {
    "phones": ("phones", "phone1", "phone"),
    "emails": ("emails", "email", "pec"),
    "address": ADDRESS,
}
"""What is compared → how a draft calls it, where that is not its name."""


def hidden_evidence(session: Session, own: OwnKeys) -> frozenset[str]:
    """Return what of accounts is not compared for the actor: fields and key sets; nothing for who has no mask over them."""
    found = {name for name, sources in _SOURCES.items() if any(field in session.hidden(cls) for cls, field in sources)}
    hidden = session.hidden(Account)
    whole = "characteristics" in hidden
    for each in own.sets:
        names = [name for name, _ in each.fields]
        if any(name in found or name in hidden or (whole and name.startswith("c.")) or _in_address(name, found) for name in names):
            found.add(each.kind)
    return frozenset(found)


def _in_address(name: str, found: Collection[str]) -> bool:
    return name in ADDRESS and "address" in found


def draft_without(draft: Mapping[str, Any], hidden: Collection[str]) -> dict[str, Any]:
    """Return a draft without what is not compared for the actor."""
    left_out = {given for name in hidden for given in _GIVEN.get(name, (name,))}
    kept = {name: value for name, value in draft.items() if name not in left_out}
    return {"name": "", **kept}


def records_of(session: Session, kept: Keeper, keys: Collection[int], hidden: Collection[str]) -> dict[int, Record]:
    """Return the records of the accounts that exist for the actor, without hidden evidence."""
    if not hidden:
        return dict(read_records(session, kept.own, keys))
    from crmcore_quality.duplicates import prepare  # noqa: PLC0415 - the engine brings numpy

    seen = set(session.scalars(select(Account.id).where(Account.id.in_(sorted(keys)))))
    with session.unguarded("quality"):
        found = dict(read_records(session, kept.own, seen))
    nothing = {**prepare({"name": "", "phones": [], "emails": []}), LABEL: ""}
    return {key: without(record, hidden, nothing) for key, record in found.items()}


def without(record: Record, hidden: Collection[str], nothing: Mapping[str, Any]) -> Record:
    """Return a record in which hidden evidence is as in one of which nothing is known."""
    names = {*hidden, *((LABEL,) if "name" in hidden else ())}
    return {name: nothing.get(name, ()) if name in names else value for name, value in record.items()}
