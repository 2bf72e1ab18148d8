"""Which accounts have the keys of a batch of rows, and what is known of them: a handful of queries, however many rows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import attrs
from sqlalchemy import ColumnElement, select

from crmcore import Account
from crmcore.model import AccountPortfolio, BusinessUnit, ContactPoint, ExternalKey, Portfolio, Site
from crmcore.query import find_ids
from crmcore_quality.importing.casting import ACCOUNT, SITE, Values
from crmcore_quality.importing.values import Structure

if TYPE_CHECKING:
    from crmcore import Session

_PARTS = ("raw", *(name for name in SITE if name != "address"))


@attrs.define
class State:
    """What the database has of one account."""

    account: Mapping[str, Any]
    characteristics: Mapping[str, Any]
    site: Mapping[str, Any] | None = None
    phones: set[str] = attrs.field(factory=set)
    portfolios: dict[int, str] = attrs.field(factory=dict)
    keys: set[tuple[str, str]] = attrs.field(factory=set)


def find_accounts(session: Session, structure: Structure, rows: Sequence[Values]) -> list[tuple[int, ...]]:
    """Return for each row the accounts that have its keys: those of the first key that somebody has."""
    by_key = {field: _holders(session, field, {value for row in rows for value in row.key(field)}) for field in structure.keys}
    found = []
    for row in rows:
        holders: tuple[int, ...] = ()
        for field in structure.keys:
            holders = tuple(sorted({key for value in row.key(field) for key in by_key[field].get(value, ())}))
            if holders:
                break
        found.append(holders)
    return found


def _holders(session: Session, field: str, values: set[str]) -> Mapping[str, set[int]]:
    found: dict[str, set[int]] = defaultdict(set)
    if not values:
        return found
    kind, _, name = field.partition(".")
    pairs: Iterable[tuple[str, int]]
    if kind == "c":
        pairs = _by_characteristic(session, name, values)
    elif kind == "key":
        ours = (ExternalKey.entity == "account", ExternalKey.source == name, ExternalKey.company == "", ExternalKey.stream == "")
        pairs = _pairs(session, ExternalKey.key, ExternalKey.entity_id, values, *ours, Account.id == ExternalKey.entity_id)
    else:
        column = getattr(Account, "phone1" if kind == "phone" else kind)
        pairs = _pairs(session, column, Account.id, values)
        if kind in {"phone", "email", "pec"}:
            mine = (ContactPoint.kind == kind, ContactPoint.person_id.is_(None), Account.id == ContactPoint.account_id)
            pairs = [*pairs, *_pairs(session, ContactPoint.value, ContactPoint.account_id, values, *mine)]
    for value, key in pairs:
        found[value].add(key)
    return found


# Columns of any entity.
def _pairs(session: Session, column: Any, key: Any, values: set[str], *where: ColumnElement[bool]) -> list[tuple[str, int]]:  # noqa: ANN401
    """Return value and account; one that was merged away is never found (I-5)."""
    query = select(column, key).where(column.in_(sorted(values)), Account.merged_into_id.is_(None), *where)
    return [(str(row[0]), row[1]) for row in session.execute(query)]


def _by_characteristic(session: Session, key: str, values: set[str]) -> list[tuple[str, int]]:
    """Ask by the index of the characteristic, if it has one."""
    definition = session.characteristics.definition(key)
    ids = find_ids(session, Account, {"field": f"c.{key}", "op": "in", "value": [definition.read(each) for each in sorted(values)]})
    rows = session.execute(select(Account.id, Account.characteristics).where(Account.id.in_(ids)))
    return [(str(row[1].get(key)), row[0]) for row in rows]


def read_states(session: Session, structure: Structure, accounts: Iterable[int]) -> dict[int, State]:
    """Return what the database has of accounts, as far as the mapping speaks of it."""
    ids = sorted(set(accounts))
    if not ids:
        return {}
    fields = {target.field.partition(".")[0] for target in structure.columns}
    names = ("phone1", *(name for name in ACCOUNT if name in fields))
    columns = [getattr(Account, name) for name in names]
    rows = session.execute(select(Account.id, Account.characteristics, *columns).where(Account.id.in_(ids)))
    found = {row[0]: State(dict(zip(names, row[2:], strict=True)), row[1]) for row in rows}
    for state in found.values():
        state.phones = {state.account["phone1"]} - {None}
    if not fields.isdisjoint(SITE):
        _read_sites(session, structure, found)
    if "phone" in fields:
        points = select(ContactPoint.account_id, ContactPoint.value).where(ContactPoint.kind == "phone", ContactPoint.account_id.in_(found))
        for account, value in session.execute(points):
            found[account].phones.add(value)
    if "portfolio" in fields:
        homes = (
            select(AccountPortfolio.account_id, BusinessUnit.number, Portfolio.code)
            .join(Portfolio, Portfolio.id == AccountPortfolio.portfolio_id)
            .join(BusinessUnit, BusinessUnit.id == Portfolio.business_unit_id)
        )
        for account, number, code in session.execute(homes.where(AccountPortfolio.account_id.in_(found))):
            found[account].portfolios[number] = code
    if "key" in fields:
        keys = select(ExternalKey.entity_id, ExternalKey.source, ExternalKey.key).where(
            ExternalKey.entity == "account", ExternalKey.entity_id.in_(found), ExternalKey.company == "", ExternalKey.stream == ""
        )
        for account, source, key in session.execute(keys):
            found[account].keys.add((source, key))
    return found


def _read_sites(session: Session, structure: Structure, found: Mapping[int, State]) -> None:
    """Read the first site of the kind that the mapping is about."""
    columns = [getattr(Site, name) for name in _PARTS]
    mine = (Site.account_id.in_(found), Site.kind == structure.site, Site.disabled.is_(False))
    for row in session.execute(select(Site.account_id, Site.id, *columns).where(*mine).order_by(Site.id.desc())):
        found[row[0]].site = {"id": row[1], **dict(zip(_PARTS, row[2:], strict=True))}
