"""Who reaches how far, for a whole Crm: computed from small tables, and never older than them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from typing import TYPE_CHECKING, Any

import attrs
from sqlalchemy import Connection, Engine, or_, select

from crmcore.access import postgres
from crmcore.access.functions import READ, part_of
from crmcore.access.reach import Organisation, Reach
from crmcore.access.sqlite import SqliteGuard
from crmcore.errors import AccessDenied
from crmcore.model import (
    GroupMember,
    Portfolio,
    Profile,
    Salesperson,
    ScopeKind,
    User,
    UserGroup,
    Zone,
    below,
)
from crmcore.storage import Watch

if TYPE_CHECKING:
    from crmcore.app import Crm


@attrs.frozen(eq=False)
class _Known:
    """What was read under a mark, and the reaches that came of it: who is late puts one where nobody looks any more."""

    mark: int
    day: date
    organisation: Organisation
    reaches: dict[tuple[str, tuple[str, ...] | None], Reach] = attrs.field(factory=dict)


class Access:
    """The reaches of a Crm's users, and the guards that enforce them."""

    def __init__(self, crm: Crm) -> None:
        self._crm = crm
        self._parts = frozenset(part_of(cls) for cls in crm.registry.entities.values())
        self._kept: _Known | None = None
        self._guard: SqliteGuard | None = None
        self._watch = Watch(crm.engine, crm.generations.access)

    def reach(
        self, login: str, connection: Connection | None = None, functions: tuple[str, ...] | None = None, *, uncommitted: bool = False
    ) -> Reach:
        """Return how far a user reaches now; everybody reaches everything until there is a first user (`domain.md` §5.10).

        ``functions`` are those of a token, which limit it further. One statement when nothing changed, on ``connection`` or on one that
        is only borrowed for it. Asked in every transaction. ``uncommitted`` says that ``connection`` may see what nobody has committed:
        then nothing that is kept is believed, and nothing is kept.

        Raises:
            AccessDenied: ``USER_UNKNOWN`` or ``USER_BLOCKED`` (I-26).
        """
        mark = self._crm.generations.read_access(connection) if connection is not None else self._watch.answer()
        if mark == 0:
            return Reach(login=login, open=True)
        known = self._known(mark)
        found = known.reaches.get((login, functions)) if known is not None and not uncommitted else None
        if uncommitted and connection is not None:
            found = self.reach_in(read_organisation(connection), login, self.today(), connection).within(functions)
        elif found is None and connection is not None:
            found = self._read(login, mark, connection, functions)
        elif found is None:
            with self._crm.engine.connect() as own:
                found = self._read(login, mark, own, functions)
        if found.blocked:
            raise AccessDenied("USER_BLOCKED", login=login)
        return found

    def limit(self, login: str, functions: tuple[str, ...] | None, connection: Connection) -> Reach | None:
        """Limit a transaction of PostgreSQL to the reach that is remembered, and return it if it holds: one statement.

        None, with the transaction as it was, when nothing is remembered or something changed: `reach` asks then.

        Raises:
            AccessDenied: ``ACCESS_GUARD_MISSING``.
        """
        known = self._kept
        found = known.reaches.get((login, functions)) if known is not None and known.day == self.today() else None
        if known is None or found is None or found.open or found.blocked:
            return None
        if postgres.limit_and_look(connection, found, self._crm.generations.access) == known.mark:
            return found
        postgres.lift(connection)
        return None

    @property
    def question(self) -> str:
        """The statement by which a transaction asks whether users, profiles, the sales force or its zones changed."""
        return self._crm.generations.access

    def _known(self, mark: int) -> _Known | None:
        """Return what was read, when nothing changed since, and the day is the same."""
        known = self._kept
        return known if known is not None and known.mark == mark and known.day == self.today() else None

    def _read(self, login: str, mark: int, connection: Connection, functions: tuple[str, ...] | None) -> Reach:
        known = self._known(mark)
        if known is None:
            known = self._kept = _Known(mark, self.today(), read_organisation(connection))
        found = self.reach_in(known.organisation, login, known.day, connection).within(functions)
        if not found.open:
            known.reaches[login, functions] = found
        return found

    def reach_in(self, organisation: Organisation, login: str, day: date, connection: Connection) -> Reach:
        """Return how far a user reaches on a day in an organisation: everything, where there are no users.

        Raises:
            AccessDenied: ``USER_UNKNOWN``.
        """
        if not organisation.users:
            return Reach(login=login, open=True)
        found = organisation.reach(login, day)
        if found is None:
            raise AccessDenied("USER_UNKNOWN", login=login)
        return attrs.evolve(
            found,
            parts=frozenset(part for part in self._parts if found.may(f"{part}.{READ}")),
            zones=subtrees(connection, Zone, [scope.target for scope in found.scopes if scope.kind is ScopeKind.ZONE]),
            portfolios=subtrees(connection, Portfolio, [scope.target for scope in found.scopes if scope.kind is ScopeKind.PORTFOLIO]),
        )

    def today(self) -> date:
        """Return the present day of the deployment."""
        return self._crm.clock.now().astimezone(self._crm.zone).date()

    def guarded_engine(self, reach: Reach) -> Engine:
        """Return the engine of SQLite on which a user works."""
        return self._sqlite().engine(reach)

    def lift(self, connection: Connection) -> None:
        """Let the platform see and write everything on a guarded connection."""
        if connection.dialect.name == "sqlite":
            self._sqlite().lift(connection)
        else:
            postgres.lift(connection)

    def lower(self, connection: Connection) -> None:
        """Guard a connection again."""
        if connection.dialect.name == "sqlite":
            self._sqlite().lower(connection)
        else:
            postgres.lower(connection)

    def close(self) -> None:
        """Close the connections of the guard."""
        self._watch.close()
        if self._guard is not None:
            self._guard.close()

    def _sqlite(self) -> SqliteGuard:
        if self._guard is None:
            self._guard = SqliteGuard(self._crm.engine, self._crm.registry.entities.values(), self._crm.busy_timeout)
        return self._guard


def read_organisation(connection: Connection) -> Organisation:
    """Read users, profiles, groups and sales force: four statements."""
    groups: dict[int, set[str]] = defaultdict(set)
    for user, code in connection.execute(select(GroupMember.user_id, UserGroup.code).join(UserGroup, UserGroup.id == GroupMember.group_id)):
        groups[user].add(code)
    columns = (Salesperson.id, Salesperson.code, Salesperson.manager_id, Salesperson.agency_id)
    return Organisation(
        users={row.login: row for row in connection.execute(select(*User.__table__.c))},
        profiles={row.id: row for row in connection.execute(select(*Profile.__table__.c))},
        groups={user: frozenset(codes) for user, codes in groups.items()},
        sellers={row.id: row for row in connection.execute(select(*columns))},
    )


def subtrees(connection: Connection, cls: type[Zone | Portfolio], codes: Iterable[str]) -> frozenset[int]:
    """Return the keys of the nodes with these codes and of all below them."""
    wanted = sorted(set(codes))
    if not wanted:
        return frozenset()
    roots = [row.path for row in connection.execute(select(cls.path).where(cls.code.in_(wanted)))]
    if not roots:
        return frozenset()
    rows: Any = connection.execute(select(cls.id).where(or_(*(below(cls.path, root) for root in roots))))
    return frozenset(row.id for row in rows)
