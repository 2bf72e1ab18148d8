"""Counting contributions in the audit: through the index on who and when, so that nothing is read of other people and other times."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import attrs
from sqlalchemy import ColumnElement, Connection, Select, and_, func, or_, select

from crmcore.hooks import ContributionKind
from crmcore.model import AUDIT, Account, ChangeSet, Entity
from crmcore.monitoring.kinds import MACHINES, account_column
from crmcore.storage import batches


@attrs.frozen
class Period:
    """From an instant up to another, which is not included."""

    start: datetime
    end: datetime


@attrs.define
class Counted:
    """What one user contributed, by the names of kinds, and when last."""

    kinds: dict[str, int] = attrs.field(factory=dict)
    last_at: datetime | None = None


def counts(connection: Connection, kinds: Mapping[str, ContributionKind], logins: Sequence[str], period: Period) -> Mapping[str, Counted]:
    """Return what each of some users contributed; those who did nothing are left out."""
    by_change = {(kind.entity, verb): name for name, kind in kinds.items() for verb in kind.verbs}
    found: dict[str, Counted] = defaultdict(Counted)
    row = AUDIT.c
    for some in batches(logins):
        query = select(row.actor, row.entity, row.verb, func.count().label("number"), func.max(row.at).label("last_at"))
        query = query.where(*by_people(some, period), _of(kinds.values())).group_by(row.actor, row.entity, row.verb)
        for each in connection.execute(query):
            counted, name = found[each.actor], by_change.get((each.entity, each.verb))
            if name is None:
                continue
            counted.kinds[name] = counted.kinds.get(name, 0) + each.number
            counted.last_at = max(filter(None, (counted.last_at, each.last_at)))
    return found


def touched(
    connection: Connection,
    kinds: Mapping[str, ContributionKind],
    entities: Mapping[str, type[Entity]],
    users: Sequence[Any],
    period: Period,
) -> Mapping[str, int]:
    """Return how many of the accounts that are assigned to each user the same user has touched."""
    sellers = {user.login: user.salesperson_id for user in users}
    found: dict[str, set[int]] = defaultdict(set)
    for some in batches([user.login for user in users]):
        for query in _touching(kinds.values(), entities, some, period):
            for actor, account, seller, owner in connection.execute(query):
                mine = sellers[actor]
                if (owner == actor) if mine is None else (seller == mine):
                    found[actor].add(account)
    return {login: len(accounts) for login, accounts in found.items()}


def assigned(connection: Connection, users: Sequence[Any]) -> Mapping[str, int]:
    """Return how many accounts each user has now: those of the user's salesperson, or those that the user owns."""
    account = Account.__table__.c
    kept = account.merged_into_id.is_(None)
    by_seller = select(account.seller_id, func.count()).where(kept, account.seller_id.is_not(None)).group_by(account.seller_id)
    by_owner = select(account.owner, func.count()).where(kept, account.owner.is_not(None)).group_by(account.owner)
    sellers = {row[0]: row[1] for row in connection.execute(by_seller)}
    owners = {row[0]: row[1] for row in connection.execute(by_owner)}
    return {user.login: owners.get(user.login, 0) if user.salesperson_id is None else sellers.get(user.salesperson_id, 0) for user in users}


def by_people(logins: Sequence[str], period: Period) -> list[ColumnElement[bool]]:
    """Return the conditions for what people wrote themselves, one record at a time."""
    row = AUDIT.c
    mine = (row.actor.in_(logins), row.at >= period.start, row.at < period.end)
    again = AUDIT.alias("mass")
    masses = select(again.c.correlation_id).where(
        again.c.actor.in_(logins), again.c.at >= period.start, again.c.at < period.end, again.c.entity == ChangeSet.entity_name()
    )
    return [
        *mine,
        *(row.source.not_like(f"{machine}:%") for machine in MACHINES),
        row.source.not_in(MACHINES),
        row.correlation_id.not_in(masses),
    ]


def _of(kinds: Iterable[ContributionKind]) -> ColumnElement[bool]:
    return or_(*(and_(AUDIT.c.entity == kind.entity, AUDIT.c.verb.in_(kind.verbs)) for kind in kinds))


def _touching(
    kinds: Iterable[ContributionKind], entities: Mapping[str, type[Entity]], logins: Sequence[str], period: Period
) -> Iterable[Select[Any]]:
    by_way: dict[tuple[str, str], list[ContributionKind]] = defaultdict(list)
    for kind in kinds:
        column = account_column(kind, entities[kind.entity])
        if column is not None:
            by_way[kind.entity, column].append(kind)
    account = Account.__table__
    for (entity, column), some in by_way.items():
        table = entities[entity].__table__.alias("touching")
        yield (
            select(AUDIT.c.actor, account.c.id, account.c.seller_id, account.c.owner)
            .distinct()
            .join(table, table.c.id == AUDIT.c.entity_id)
            .join(account, account.c.id == table.c[column])
            .where(*by_people(logins, period), _of(some), account.c.merged_into_id.is_(None))
        )
