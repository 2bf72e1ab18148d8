"""Accounts through the API: one call for each thing that one does with them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, Unpack
from uuid import UUID

from sqlalchemy import ColumnElement, select

from crmcore.accounts import building
from crmcore.accounts.card import Card, card_of
from crmcore.accounts.identity import repeated_codes
from crmcore.accounts.many import create_many
from crmcore.accounts.members import MembersApi, is_key
from crmcore.accounts.values import (
    AccountChanges,
    AccountData,
    AccountFields,
    ContactPointData,
    Created,
    KeyRef,
    PersonData,
    SiteFields,
    unknown_fields,
)
from crmcore.errors import Problem, RecordNotFound, ValidationFailed
from crmcore.model import (
    Account,
    AccountPortfolio,
    AccountRole,
    BusinessUnit,
    ExternalKey,
    Portfolio,
    Site,
    StateRow,
    StateTableRow,
)
from crmcore.query.finding import PAGE, Counting, Filter, Page, find

AccountKey = int | str | KeyRef
"""How an account is found: by id, by uid, or by its key in another system."""

_BLOCKED: Final = "blocked"
"""Flag of the states of accounts that take no new documents (I-6)."""


class AccountsApi(MembersApi):
    """The accounts of the registry. Get it as ``session.accounts``.

    Nothing here commits, and hardly anything flushes: an account and all that belongs to it are written together at the commit, where the
    rules look at them.
    """

    # Finding

    def get(self, key: AccountKey) -> Account | None:
        """Return an account by id, uid or external key, or None; what was merged leads to its survivor (I-5)."""
        if isinstance(key, KeyRef):
            return self.get_by_key(key.source, key.key, company=key.company, stream=key.stream)
        if isinstance(key, int):
            return self._survivor(self._session.get(Account, key)) or self._became(Account.id == key)
        try:
            uid = str(UUID(key))
        except ValueError:
            return None
        return self._survivor(self._session.scalar(select(Account).where(Account.uid == uid))) or self._became(Account.uid == uid)

    def require(self, key: AccountKey) -> Account:
        """Return an account like `get`.

        Raises:
            RecordNotFound: ``NOT_FOUND`` when it does not exist for this actor.
        """
        found = self.get(key)
        if found is None:
            raise RecordNotFound("NOT_FOUND", entity="account", id=key)
        return found

    def get_by_key(self, source: str, key: str, *, company: str = "", stream: str = "") -> Account | None:
        """Return the account with this key in another system, or None."""
        wanted = select(ExternalKey.entity_id).where(ExternalKey.entity == "account", *is_key(KeyRef(source, key, company, stream)))
        # Keys are the platform's, and exist for no user; whether the account does is asked as the user.
        with self._session.guard.lifted():
            found: int | None = self._session.orm.execute(wanted).scalar()
        return None if found is None else self._survivor(self._session.get(Account, found))

    def find(
        self,
        filter: Filter | None = None,  # noqa: A002 - its name everywhere
        *,
        sort: str | Sequence[str] = (),
        page: int = PAGE,
        after: str | None = None,
        before: str | None = None,
        count: Counting | None = None,
    ) -> Page[Account]:
        """Return one page of the accounts that a filter finds, as `crmcore.query.find`; merged ones are never among them (I-5).

        Raises:
            UsageError: ``QUERY_INVALID`` with every problem, ``QUERY_CURSOR``, ``QUERY_PAGE``.
        """
        return find(self._session, Account, filter, sort=sort, page=page, after=after, before=before, count=count)

    def living(self) -> ColumnElement[bool]:
        """Return the condition that leaves out merged accounts, which no list shows (I-5)."""
        return Account.merged_into_id.is_(None)

    def _survivor(self, account: Account | None) -> Account | None:
        seen: set[int] = set()
        while account is not None and account.merged_into_id is not None and account.id not in seen:
            seen.add(account.id)
            account = self._session.get(Account, account.merged_into_id)
        return account

    def _became(self, condition: ColumnElement[bool]) -> Account | None:
        """Return what a merged account became, for a user who may see that one, and not what it was made of."""
        guard = self._session.guard
        if not guard.limited:
            return None
        with guard.lifted():
            gone = select(Account.merged_into_id).where(condition, Account.merged_into_id.is_not(None))
            target: int | None = self._session.orm.execute(gone).scalar()
        return None if target is None else self._survivor(self._session.get(Account, target))

    # Creating and changing

    def create(
        self,
        *,
        name: str,
        portfolio: str | Mapping[int, str] | None = None,
        roles: Iterable[str] = (),
        sites: Iterable[SiteFields] = (),
        people: Iterable[PersonData] = (),
        contact_points: Iterable[ContactPointData] = (),
        external_keys: Iterable[KeyRef] = (),
        characteristics: Mapping[str, object] | None = None,
        **fields: Unpack[AccountFields],
    ) -> Account:
        """Add an account with all that belongs to it, and return it; its id is known after the next flush or commit.

        ``portfolio`` is a code of the first business unit, or a code for each unit by number. A private account belongs to whoever makes
        it, if no ``owner`` is given.

        Raises:
            ValidationFailed: ``CODE_UNKNOWN`` and ``FIELD_UNKNOWN``; the commit raises what the rules say (I-1 to I-9).
        """
        data: AccountData = {
            "name": name,
            "portfolio": portfolio,
            "roles": roles,
            "sites": sites,
            "people": people,
            "contact_points": contact_points,
            "external_keys": external_keys,
            "characteristics": characteristics,
            **fields,
        }
        account, belonging = building.make(self._session, data)
        for each in (account, *belonging):
            self._session.add(each)
        return account

    def create_many(self, accounts: Iterable[AccountData]) -> Created:
        """Write new accounts at once, in the transaction of the session, and return their ids, and the problems of those that are refused.

        Each is looked at by every rule and plugin, and leaves the same rows, history and events as one of `create`, at half the price.
        What is only known at the commit, such as the sole legal site (I-8), is refused there, with all of them.

        Raises:
            AccessDenied: ``ACCESS_DENIED`` when one of them would not exist for the user; nothing is written.
        """
        return create_many(self._session, accounts)

    def update(
        self, account: Account, *, characteristics: Mapping[str, object] | None = None, **changes: Unpack[AccountChanges]
    ) -> Account:
        """Change fields of an account, and some of its characteristics (None removes one), and return it.

        Raises:
            ValidationFailed: ``FIELD_UNKNOWN``.
        """
        building.refuse(unknown_fields(Account, changes))
        for field, value in changes.items():
            setattr(account, field, value)
        for key, each in (characteristics or {}).items():
            account.set_characteristic(key, each)
        return account

    def change_owner(self, account: Account, login: str | None) -> None:
        """Give an account to another owner; the commit publishes ``account.owner_changed`` (B10)."""
        account.owner = login

    def warnings(self, account: Account) -> list[Problem]:
        """Return what is odd about an account and not refused: codes that others have too (I-4), addresses that do not fit (I-9)."""
        found = repeated_codes(self._session, [account])
        wanted = self._session.shown_columns(Site.id, Site.raw)
        doubtful = select(*wanted).where(Site.account_id == account.id, Site.address_unverified, Site.disabled.is_(False))
        for key, raw in self._session.execute(doubtful.order_by(Site.id)):
            found.append(Problem(code="ADDRESS_UNVERIFIED", params={"site": key, "raw": raw}))
        return found

    def card(self, account: Account, lang: str | None = None) -> Card:
        """Return everything that a person wants to see of an account at once; the number of queries does not grow with it."""
        return card_of(self._session, account, lang or self._session.crm.lang)

    def is_blocked(self, account: Account) -> bool:
        """Return whether the state of an account has the flag ``blocked``: it takes history, and no new documents (I-6)."""
        if account.state is None:
            return False
        flags = self._session.scalar(
            select(StateRow.flags)
            .join(StateTableRow, StateTableRow.id == StateRow.table_id)
            .where(StateTableRow.entity == "account", StateRow.code == account.state)
        )
        return bool(flags and flags.get(_BLOCKED))

    def require_unblocked(self, account: Account) -> None:
        """Return when an account takes new documents.

        Raises:
            ValidationFailed: ``ACCOUNT_BLOCKED``.
        """
        if self.is_blocked(account):
            raise ValidationFailed("VALIDATION_FAILED", [Problem(code="ACCOUNT_BLOCKED", params={"name": account.name})])

    # Portfolios, roles and keys

    def portfolios(self, account: Account) -> dict[int, Portfolio]:
        """Return the portfolio of an account in each business unit that it has one in, by number."""
        rows = self._session.execute(
            select(BusinessUnit.number, Portfolio)
            .join(Portfolio, Portfolio.business_unit_id == BusinessUnit.id)
            .join(AccountPortfolio, AccountPortfolio.portfolio_id == Portfolio.id)
            .where(AccountPortfolio.account_id == account.id)
            .order_by(BusinessUnit.number)
        )
        return {row[0]: row[1] for row in rows}

    def set_portfolio(self, account: Account, unit: int, code: str | None) -> None:
        """Give an account another portfolio of a business unit, or none.

        Raises:
            ValidationFailed: ``CODE_UNKNOWN``; the commit raises ``ACCOUNT_NO_PORTFOLIO`` when the primary one is taken away (I-1).
        """
        if code is None:
            present = self._assignment(account, building.find_unit(self._session, unit))
            if present is not None:
                self._remove(present)
            return
        key = building.find_portfolios(self._session, {unit: code})[unit]
        wanted = building.portfolio_of(self._session, account, unit, key, code)
        present = self._assignment(account, wanted.business_unit_id)
        if present is None:
            self._session.add(wanted)
        else:
            present.portfolio_id = key

    def _assignment(self, account: Account, unit_id: int) -> AccountPortfolio | None:
        def fits(record: AccountPortfolio) -> bool:
            return record.business_unit_id == unit_id

        return self._present(AccountPortfolio, account, fits, AccountPortfolio.business_unit_id == unit_id)

    def roles(self, account: Account) -> frozenset[str]:
        """Return the roles that an account plays."""
        return frozenset(self._session.scalars(select(AccountRole.role).where(AccountRole.account_id == account.id)))

    def add_role(self, account: Account, role: str) -> None:
        """Let an account play a role, if it does not yet."""
        if self._role(account, role) is None:
            self._session.add(building.role_of(account, role))

    def remove_role(self, account: Account, role: str) -> None:
        """Take a role away from an account, if it has it."""
        present = self._role(account, role)
        if present is not None:
            self._remove(present)

    def _role(self, account: Account, role: str) -> AccountRole | None:
        return self._present(AccountRole, account, lambda record: record.role == role, AccountRole.role == role)
