"""Which rows of an entity exist for a user: one expression, from which both databases' guards are made (I-27)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Protocol

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    FromClause,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    and_,
    any_,
    cast,
    exists,
    false,
    func,
    literal,
    or_,
    select,
    true,
)

from crmcore.access.functions import part_of, reads_freely
from crmcore.access.reach import ALL, OWN, PORTFOLIOS, PRIVATE, UNASSIGNED, ZONES, Reach
from crmcore.model import AccountPortfolio, Entity, Site, VisibilityKind

SETTING: Final = "crm."
"""Prefix of the settings that say to PostgreSQL how far the user of a transaction reaches."""
REACH: Final = Table("crm_reach", MetaData(), Column("kind", String), Column("id", Integer), Column("text", String), schema="temp")
"""The same on SQLite: a table of each guarded connection."""

SELLERS: Final = "sellers"
LOGIN, LOGINS, PARTS, FLAGS = "login", "logins", "parts", "flags"


class Terms(Protocol):
    """How a database spells what it knows of the user."""

    def login(self) -> ColumnElement[str]:
        """Return the login."""

    def has(self, kind: str, text: ColumnElement[Any] | str) -> ColumnElement[bool]:
        """Return whether a set of texts has one."""

    def holds(self, kind: str, key: ColumnElement[Any]) -> ColumnElement[bool]:
        """Return whether a set of keys has one."""

    def in_portfolio(self, account: ColumnElement[Any]) -> ColumnElement[bool]:
        """Return whether an account is in a portfolio of the set."""

    def in_zone(self, account: ColumnElement[Any]) -> ColumnElement[bool]:
        """Return whether an account has a site in a zone of the set."""


class SqliteTerms:
    """From the table of the connection."""

    def login(self) -> ColumnElement[str]:
        """Return the login."""
        return select(REACH.c.text).where(REACH.c.kind == LOGIN).scalar_subquery()

    def has(self, kind: str, text: ColumnElement[Any] | str) -> ColumnElement[bool]:
        """Return whether a set of texts has one."""
        if isinstance(text, str):
            # Asked once for a query, while a list that has to be looked into is looked into for each row.
            return exists(select(1).select_from(REACH).where(REACH.c.kind == kind, REACH.c.text == text))
        return text.in_(select(REACH.c.text).where(REACH.c.kind == kind))

    def holds(self, kind: str, key: ColumnElement[Any]) -> ColumnElement[bool]:
        """Return whether a set of keys has one."""
        return key.in_(select(REACH.c.id).where(REACH.c.kind == kind))

    def in_portfolio(self, account: ColumnElement[Any]) -> ColumnElement[bool]:
        """Return whether an account is in a portfolio of the set."""
        place = base(AccountPortfolio)
        return exists(select(1).select_from(place).where(place.c.account_id == account, self.holds(PORTFOLIOS, place.c.portfolio_id)))

    def in_zone(self, account: ColumnElement[Any]) -> ColumnElement[bool]:
        """Return whether an account has a site in a zone of the set."""
        site = base(Site)
        return exists(select(1).select_from(site).where(site.c.account_id == account, self.holds(ZONES, site.c.zone_id)))


class PostgresTerms:
    """From settings of the transaction.

    Each is read, and made an array, in a query of its own: that happens once for a query and not for each row. What is the same for every
    row is answered there altogether.
    """

    def login(self) -> ColumnElement[str]:
        """Return the login."""
        return select(_setting(LOGIN)).scalar_subquery()

    def has(self, kind: str, text: ColumnElement[Any] | str) -> ColumnElement[bool]:
        """Return whether a set of texts has one."""
        if isinstance(text, str):
            return select(literal(text) == any_(_array(kind, Text))).scalar_subquery()
        return text == any_(_once(_array(kind, Text)))

    def holds(self, kind: str, key: ColumnElement[Any]) -> ColumnElement[bool]:
        """Return whether a set of keys has one."""
        return key == any_(_once(_array(kind, BigInteger)))

    # A policy of accounts that looked into the tables of their sites would ask for the policies of those, which ask for accounts: so a
    # function of the tables' owner looks.
    def in_portfolio(self, account: ColumnElement[Any]) -> ColumnElement[bool]:
        """Return whether an account is in a portfolio of the set."""
        return func.crm_in_portfolio(account, type_=Boolean)

    def in_zone(self, account: ColumnElement[Any]) -> ColumnElement[bool]:
        """Return whether an account has a site in a zone of the set."""
        return func.crm_in_zone(account, type_=Boolean)


def _setting(name: str) -> ColumnElement[str]:
    return func.current_setting(literal(SETTING + name), literal(True), type_=Text)


def _array(kind: str, of: type[Text | BigInteger]) -> ColumnElement[Any]:
    return cast(func.nullif(_setting(kind), ""), ARRAY(of))


def _once(array: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return an array from a query of its own; without the cast, ANY would take it for the rows of that query."""
    return cast(select(array).scalar_subquery(), array.type)


class LiteralTerms:
    """From a reach at hand: for questions about somebody, past the guards."""

    def __init__(self, reach: Reach) -> None:
        self._login = reach.login
        self._keys = {SELLERS: reach.sellers, ZONES: reach.zones, PORTFOLIOS: reach.portfolios}
        self._texts = {LOGINS: reach.logins, PARTS: reach.parts, FLAGS: reach.flags}

    def login(self) -> ColumnElement[str]:
        """Return the login."""
        return literal(self._login)

    def has(self, kind: str, text: ColumnElement[Any] | str) -> ColumnElement[bool]:
        """Return whether a set of texts has one."""
        if isinstance(text, str):
            return true() if text in self._texts[kind] else false()
        return text.in_(sorted(self._texts[kind]))

    def holds(self, kind: str, key: ColumnElement[Any]) -> ColumnElement[bool]:
        """Return whether a set of keys has one."""
        return key.in_(sorted(self._keys[kind]))

    def in_portfolio(self, account: ColumnElement[Any]) -> ColumnElement[bool]:
        """Return whether an account is in a portfolio of the set."""
        place = AccountPortfolio.__table__.alias()
        return exists(select(1).select_from(place).where(place.c.account_id == account, self.holds(PORTFOLIOS, place.c.portfolio_id)))

    def in_zone(self, account: ColumnElement[Any]) -> ColumnElement[bool]:
        """Return whether an account has a site in a zone of the set."""
        site = Site.__table__.alias()
        return exists(select(1).select_from(site).where(site.c.account_id == account, self.holds(ZONES, site.c.zone_id)))


def terms_for(dialect: str) -> Terms:
    """Return the terms of a database."""
    return PostgresTerms() if dialect == "postgresql" else SqliteTerms()


def base(cls: type[Entity]) -> FromClause:
    """Return the table itself, past the view of SQLite's guard that has its name."""
    table = cls.__table__
    assert isinstance(table, Table)  # noqa: S101 - what a mapped class has
    return table.to_metadata(MetaData(), schema="main", referred_schema_fn=lambda *_: None).alias(f"{table.name}_0")


def account_predicate(columns: Any, terms: Terms) -> ColumnElement[bool]:  # noqa: ANN401 - columns of a table, an alias or a class
    """Return when an account exists for the user (I-7, A03, A04)."""
    mine = columns.owner == terms.login()
    taken_in = or_(
        terms.has(FLAGS, ALL),
        terms.holds(SELLERS, columns.seller_id),
        and_(terms.has(FLAGS, OWN), mine),
        and_(terms.has(FLAGS, UNASSIGNED), columns.seller_id.is_(None)),
        and_(terms.has(FLAGS, PORTFOLIOS), terms.in_portfolio(columns.id)),
        and_(terms.has(FLAGS, ZONES), terms.in_zone(columns.id)),
    )
    return and_(or_(columns.private.is_(other=False), mine, terms.has(FLAGS, PRIVATE)), taken_in)


def predicate(  # noqa: PLR0911 - one for each kind of path
    cls: type[Entity],
    columns: Any,  # noqa: ANN401 - columns of a table, an alias or a class
    terms: Terms,
    parents: Mapping[str, type[Entity]],
) -> ColumnElement[bool] | None:
    """Return when a row of an entity exists for the user; None for every row.

    ``columns`` are those of its table, ``parents`` the entities by table: a parent is asked by its plain name, so its own guard answers.
    """
    path = cls.__visibility__
    if reads_freely(cls):
        return None
    if path.kind is VisibilityKind.SYSTEM:
        return false()
    granted = terms.has(PARTS, part_of(cls))
    if path.kind is VisibilityKind.SCOPE:
        return and_(granted, account_predicate(columns, terms))
    if path.kind is VisibilityKind.PUBLIC:
        return granted
    if path.kind is VisibilityKind.OWNER:
        owner = columns[path.column]
        ways = [terms.has(FLAGS, ALL), terms.has(LOGINS, owner)]
        if path.shared is not None:
            ways.append(columns[path.shared].is_(other=True))
        return and_(granted, or_(*ways))
    if path.kind is VisibilityKind.PEOPLE:
        return and_(granted, _among(cls, columns, terms, parents))
    return and_(granted, _parent_exists(cls, columns, parents))


def _among(cls: type[Entity], columns: Any, terms: Terms, parents: Mapping[str, type[Entity]]) -> ColumnElement[bool]:  # noqa: ANN401 - columns of a table
    """Return when a row of `Visibility.among` exists: the cheap questions first."""
    path = cls.__visibility__
    here = columns[path.column]
    alone = [terms.has(FLAGS, ALL), *(terms.has(LOGINS, columns[name]) for name in path.people)]
    if path.shared is not None:
        alone.append(columns[path.shared].is_(other=True))
    others = or_(and_(here.is_(None), or_(*alone)), and_(here.is_not(None), _parent_exists(cls, columns, parents)))
    if path.private is not None:
        others = and_(or_(columns[path.private].is_(other=False), terms.has(FLAGS, PRIVATE)), others)
    ways = [*(columns[name] == terms.login() for name in path.people), others]
    if path.members is not None and path.members.table in parents:
        # Asked by its plain name, as parents are; it must be visible to all, or the two would ask each other in a circle.
        table = parents[path.members.table].__table__.alias(f"{path.members.table}_in_{cls.__tablename__}"[:60])
        taking_part = and_(table.c[path.members.key] == columns.id, table.c[path.members.login] == terms.login())
        ways.append(exists(select(1).select_from(table).where(taking_part)))
    return or_(*ways)


def _parent_exists(cls: type[Entity], columns: Any, parents: Mapping[str, type[Entity]]) -> ColumnElement[bool]:  # noqa: ANN401 - columns of a table
    column = cls.__visibility__.column or ""
    key = next(iter(cls.__table__.c[column].foreign_keys)).column
    if key.table.name not in parents:
        return false()
    parent = key.table.alias(f"{key.table.name}_of_{cls.__tablename__}"[:60])
    return exists(select(1).select_from(parent).where(parent.c[key.name] == columns[column]))
