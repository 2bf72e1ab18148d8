"""Rules of users, profiles and groups: who may change them, and what is sound."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import func, or_, select

from crmcore.access.functions import allowed, functions_of
from crmcore.access.specs import TARGETED, Scope, scope_problems
from crmcore.errors import Problem
from crmcore.events import RecordVerb
from crmcore.labels import Label
from crmcore.model import Entity, GroupMember, Portfolio, Profile, Salesperson, ScopeKind, User, UserGroup, UserStatus, Zone
from crmcore.session.fields import plan_of

if TYPE_CHECKING:
    from crmcore.registry import Registry
    from crmcore.session import Change, Session

OURS: Final = (User, Profile, UserGroup, GroupMember)
"""Entities that these rules are about."""
_TARGETS: Final[Mapping[ScopeKind, tuple[type[Salesperson | Zone | Portfolio], Label]]] = {
    ScopeKind.SELLER: (Salesperson, Label("un venditore", "salesperson")),
    ScopeKind.ZONE: (Zone, Label("una zona", "zone")),
    ScopeKind.PORTFOLIO: (Portfolio, Label("un portafoglio", "portfolio")),
}


def check(session: Session, changes: Sequence[Change]) -> Iterable[Problem]:
    """Return what is wrong with changed users, profiles and groups."""
    ours = [change for change in changes if isinstance(change.record, OURS)]
    if not ours:
        return []
    problems = list(_check_administrator(session))
    for change in ours:
        record = change.record
        if change.verb is RecordVerb.DELETED:
            continue
        if isinstance(record, Profile):
            problems += profile_problems(session.registry, record)
        if isinstance(record, Profile | User):
            problems += _check_scopes(session, record)
    return problems


def check_commit(session: Session, changes: Sequence[Change]) -> Iterable[Problem]:
    """Return what is wrong once everything is written: rings of supervisors, and nobody left to administer (I-29)."""
    users = [change for change in changes if isinstance(change.record, User)]
    found = list(_rings(session, users)) if any("supervisor_id" in change.fields for change in users) else []
    if any(isinstance(change.record, User | Profile) for change in changes):
        found += _administrators(session, users)
    return found


def _check_administrator(session: Session) -> Iterator[Problem]:
    reach = session.guard.reach
    if not reach.open and not reach.administrator:
        yield Problem(code="ADMINISTRATOR_NEEDED")


def profile_problems(registry: Registry, profile: Profile) -> Iterator[Problem]:
    """Yield what is wrong with the functions and masks of a profile."""
    where = f"profile {profile.code}"
    known = {*functions_of(registry.entities.values()), *registry.permissions}
    for function in profile.functions:
        if not isinstance(function, str) or not any(allowed([function], each) for each in known):
            yield Problem(code="ACCESS_FUNCTION_UNKNOWN", params={"where": where, "function": function})
    for entity, mask in profile.masks.items():
        yield from _check_mask(registry.entities.get(entity), f"{where}: {entity}", mask)


def _check_mask(cls: type[Entity] | None, where: str, mask: Any) -> Iterator[Problem]:  # noqa: ANN401 - whatever was given
    if cls is None:
        yield _bad_mask(where, mask, "an entity")
    elif not isinstance(mask, Mapping) or set(mask) - {"hidden", "readonly"}:
        yield _bad_mask(where, mask, "hidden, readonly")
    else:
        columns = {column.key for column in cls.__table__.columns}
        for field in (field for fields in mask.values() for field in fields):
            characteristic = str(field).startswith("c.") and plan_of(cls).has_characteristics
            if field not in columns and not characteristic:
                yield _bad_mask(where, field, "a field")


def _bad_mask(where: str, value: object, expected: str) -> Problem:
    return Problem(code="ACCESS_MASK_INVALID", params={"where": where, "value": repr(value)[:200], "expected": expected})


def _check_scopes(session: Session, record: Profile | User) -> Iterator[Problem]:
    where = f"profile {record.code}" if isinstance(record, Profile) else f"user {record.login}"
    sound = []
    for data in record.scopes:
        problems = list(scope_problems(data, where))
        yield from problems
        if not problems:
            sound.append(Scope.of(data))
    for kind in TARGETED:
        wanted = {scope.target for scope in sound if scope.kind is kind}
        if not wanted:
            continue
        cls, label = _TARGETS[kind]
        there = set(session.scalars(select(cls.code).where(cls.code.in_(wanted))))
        for target in sorted(wanted - there):
            yield Problem(code="ACCESS_TARGET_UNKNOWN", params={"where": where, "kind": label, "target": target})


def _rings(session: Session, users: Iterable[Change]) -> Iterator[Problem]:
    above = {row.id: row.supervisor_id for row in session.execute(select(User.id, User.supervisor_id))}
    for change in users:
        seen, here = set(), change.id
        while here is not None and here not in seen:
            seen.add(here)
            here = above.get(here)
        if here is not None and isinstance(change.record, User):
            yield Problem(code="SUPERVISOR_RING", params={"login": change.record.login})


def _administrators(session: Session, users: Sequence[Change]) -> Iterator[Problem]:
    if session.dialect == "postgresql":
        # Two who block each other wait for each other here; SQLite has one writer anyway.
        session.execute(select(func.pg_advisory_xact_lock(func.hashtext("crmcore.administrators"))))
    # Where nobody is left, everybody does everything: that is how a deployment begins, and not what deleting its users may lead to.
    someone = any(change.verb is RecordVerb.DELETED for change in users) or session.scalar(select(func.count()).select_from(User))
    able = or_(User.profile_id.is_(None), Profile.administrator)
    active = select(func.count()).select_from(User).outerjoin(Profile, Profile.id == User.profile_id)
    if someone and not session.scalar(active.where(User.status == UserStatus.ACTIVE.value, able)):
        logins = [change.record.login for change in users if isinstance(change.record, User)]
        yield Problem(code="LAST_ADMINISTRATOR", params={"login": logins[0] if logins else ""})
