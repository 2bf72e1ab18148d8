"""Access, as a session offers it.

::

    print(s.access.explain("rossi", "account", 5).text())    # every rule that was asked, and the one that decided
    s.access.who_can_see("account", 5)                       # logins
    s.access.what_if(lambda: setattr(manager, "salesperson_id", None))
    s.access.block("rossi", reason="left the firm")
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Final

import attrs
from sqlalchemy import select

from crmcore.access.explain import Explainer, Explanation
from crmcore.access.functions import READ, VERBS, functions_of
from crmcore.access.predicates import LiteralTerms, predicate
from crmcore.access.reach import Organisation, Reach
from crmcore.access.service import read_organisation
from crmcore.access.specs import Scope
from crmcore.errors import AccessDenied, RecordNotFound, UsageError
from crmcore.hooks import OpenWork
from crmcore.model import Account, AccountPortfolio, Entity, Site, User, UserStatus

if TYPE_CHECKING:
    from crmcore.session import Session


@attrs.frozen(kw_only=True)
class Effect:
    """What a change does to the accounts that a user sees: their keys."""

    login: str
    gained: frozenset[int]
    lost: frozenset[int]


@attrs.frozen
class UserRow:
    """A user as a list shows it, with the scopes that hold today."""

    login: str
    name: str
    profile: str | None
    status: str
    scopes: tuple[Scope, ...]
    groups: frozenset[str]


_DECIDING: Final[Mapping[type[Entity], tuple[str, ...]]] = {
    Account: ("seller_id", "owner", "private"),
    AccountPortfolio: ("portfolio_id",),
    Site: ("zone_id",),
}
"""What the rules look at, and an explanation tells of."""


class AccessApi:
    """Users, and what exists for whom; see the module."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def reach(self, login: str | None = None, at: date | None = None) -> Reach:
        """Return how far a user reaches, by default the actor, on a day, by default today.

        Raises:
            AccessDenied: ``USER_UNKNOWN``, ``USER_BLOCKED``, ``ADMINISTRATOR_NEEDED`` when it is about somebody else.
        """
        if login is None:
            return self._session.guard.reach
        self._require_right(login)
        with self._session.guard.lifted():
            found = self._reach(self._organisation(), login, at or self._session.crm.access.today())
        if found is None:
            raise AccessDenied("USER_UNKNOWN", login=login)
        return found

    def functions(self) -> Sequence[str]:
        """Return every function that a profile may grant: those of the entities, and the permissions that plugins declare."""
        registry = self._session.registry
        return sorted({*functions_of(registry.entities.values()), *registry.permissions})

    def users(self) -> Sequence[UserRow]:
        """Return the users as they are today, sorted by login; for administrators.

        Raises:
            AccessDenied: ``ADMINISTRATOR_NEEDED``.
        """
        self._require_right(None)
        with self._session.guard.lifted():
            organisation = self._organisation()
            found = []
            for login, user in sorted(organisation.users.items()):
                reach = self._reach(organisation, login, self._session.crm.access.today())
                if reach is not None:
                    found.append(UserRow(login, user.name, reach.profile, user.status, reach.scopes, reach.groups))
            return found

    def explain(self, login: str, entity: str | type[Entity], key: int, verb: str = READ, at: date | None = None) -> Explanation:
        """Return whether a user may do something with a record on a day, and every rule that was asked for it.

        Raises:
            UsageError: ``ACCESS_ENTITY_UNKNOWN`` or ``ACCESS_VERB_UNKNOWN``.
            AccessDenied: ``ADMINISTRATOR_NEEDED`` when it is about somebody else, ``FIELD_HIDDEN`` when a rule that decides looks at what
                is hidden from the actor.
        """
        self._require_right(login)
        cls = self._entity(entity)
        for asked, fields in _DECIDING.items():
            self._session.require_shown(asked, *fields)
        if verb not in VERBS:
            raise UsageError("ACCESS_VERB_UNKNOWN", verb=verb, known=", ".join(VERBS))
        with self._session.guard.lifted():
            organisation = self._organisation()
            explainer = self._explainer(organisation, at)
            reach = self._reach(organisation, login, explainer.day)
            if reach is not None and login == self._session.actor.name:
                # Who works with a token is told what it may, and not what its person may.
                reach = reach.within(self._session.actor.functions)
            return explainer.explain(reach, login, cls, key, verb)

    def who_can_see(self, entity: str | type[Entity], key: int, at: date | None = None) -> Sequence[str]:
        """Return the logins of the users for whom a record exists on a day, sorted; for administrators.

        Raises:
            UsageError: ``ACCESS_ENTITY_UNKNOWN``.
            AccessDenied: ``ADMINISTRATOR_NEEDED``.
        """
        self._require_right(None)
        cls = self._entity(entity)
        with self._session.guard.lifted():
            organisation = self._organisation()
            explainer = self._explainer(organisation, at)
            reaches = ((login, self._reach(organisation, login, explainer.day)) for login in sorted(organisation.users))
            return [login for login, reach in reaches if explainer.explain(reach, login, cls, key, READ).granted]

    def what_if(self, change: Callable[[], object]) -> Mapping[str, Effect]:
        """Return which accounts each user would gain and lose by a change, which is made, looked at, and taken back.

        ``change`` works with this session, and neither commits nor rolls back. Users for whom nothing changes are left out.

        Raises:
            AccessDenied: ``ADMINISTRATOR_NEEDED``.
            ValidationFailed: when the change is refused.
        """
        self._require_right(None)
        session = self._session
        session.flush()
        session.take_write_lock()
        before = self._seen()
        nested = session.orm.begin_nested()
        try:
            change()
            session.flush()
            after = self._seen()
        finally:
            nested.rollback()
            session.orm.expire_all()
        found = {}
        for login in sorted({*before, *after}):
            had, has = before.get(login, frozenset()), after.get(login, frozenset())
            if had != has:
                found[login] = Effect(login=login, gained=has - had, lost=had - has)
        return found

    def block(self, login: str) -> None:
        """Block a user from the next transaction on, also in open sessions (A08, I-26); at the next commit.

        Raises:
            RecordNotFound: when there is no such user.
        """
        self._user(login).status = UserStatus.BLOCKED.value

    def open_work(self, login: str) -> Sequence[OpenWork]:
        """Return what a user still has to do, as the plugins know it, what is due first first (S15); for administrators, and of oneself.

        Raises:
            AccessDenied: ``ADMINISTRATOR_NEEDED``.
            PluginError: when a plugin cannot say.
        """
        self._require_right(login)
        answers = self._session.hooks.results("crm_open_work", session=self._session, login=login)
        return sorted(
            (each for _, found in answers for each in found),
            key=lambda each: (each.due is None, each.due or date.min, each.entity, each.id),
        )

    def unblock(self, login: str) -> None:
        """Let a user work again, at the next commit.

        Raises:
            RecordNotFound: when there is no such user.
        """
        self._user(login).status = UserStatus.ACTIVE.value

    def _user(self, login: str) -> User:
        found: User | None = self._session.scalar(select(User).where(User.login == login))
        if found is None:
            raise RecordNotFound("NOT_FOUND", entity=User.entity_name(), id=login)
        return found

    def _require_right(self, login: str | None) -> None:
        reach = self._session.guard.reach
        # Who is not limited is an administrator, and one's own login is among those below oneself.
        if not reach.administrator and login not in reach.logins:
            raise AccessDenied("ADMINISTRATOR_NEEDED")

    def _organisation(self) -> Organisation:
        return read_organisation(self._session.orm.connection())

    def _reach(self, organisation: Organisation, login: str, day: date) -> Reach | None:
        if not organisation.users:
            return Reach(login=login, open=True)
        if login not in organisation.users:
            return None
        return self._session.crm.access.reach_in(organisation, login, day, self._session.orm.connection())

    def _explainer(self, organisation: Organisation, at: date | None) -> Explainer:
        return Explainer(self._session, organisation, at or self._session.crm.access.today(), dated=at is not None)

    def _seen(self) -> dict[str, frozenset[int]]:
        """Return the accounts that each active user sees in this transaction."""
        found = {}
        with self._session.guard.lifted():
            organisation, connection = self._organisation(), self._session.orm.connection()
            for login, user in organisation.users.items():
                reach = self._reach(organisation, login, self._session.crm.access.today())
                if reach is None or user.status != UserStatus.ACTIVE:
                    continue
                seen = predicate(Account, Account.__table__.c, LiteralTerms(reach), {})
                query = select(Account.id) if seen is None else select(Account.id).where(seen)
                found[login] = frozenset(connection.execute(query).scalars())
        return found

    def _entity(self, entity: str | type[Entity]) -> type[Entity]:
        name = entity if isinstance(entity, str) else entity.entity_name()
        found = self._session.registry.entities.get(name)
        if found is None:
            raise UsageError("ACCESS_ENTITY_UNKNOWN", entity=name, known=", ".join(sorted(self._session.registry.entities)))
        return found
