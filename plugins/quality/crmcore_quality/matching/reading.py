"""Read accounts as the engine compares them: a thousand at a time, three statements for each thousand or ten of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

import attrs
from sqlalchemy import ColumnElement, Row, Select, bindparam, func, inspect, select

from crmcore import Account, Change, Session
from crmcore.events import RecordVerb
from crmcore.model import ContactPoint, Site, SiteKind

if TYPE_CHECKING:
    from crmcore_quality.duplicates import Record
    from crmcore_quality.matching.keysets import OwnKeys

CHUNK: Final = 5_000
"""Accounts that are read at once."""
ADDRESS: Final = ("street", "civic", "postcode", "municipality", "province")
ACCOUNT_FIELDS: Final = ("name", "phone1", "email", "pec", "vat_code", "fiscal_code", "merged_into_id")
SITE_FIELDS: Final = (*ADDRESS, "phone", "kind", "disabled")
POINT_FIELDS: Final = ("kind", "value", "person_id")
"""What records are made of: what has to change for the keys of an account to change."""
LABEL: Final = "label"
"""Where a record that was read has its name as people read it; it is not compared."""
OWN_FIELDS: Final = ("kind", "recipient_code", "ateco", "web", "language", "notes")
"""Further fields that key sets may read, beside characteristics."""
_LEGAL_FIRST: Final = {SiteKind.LEGAL.value: 0}

_OF_SITE: Final = ("id", *SITE_FIELDS)
_OF_POINT: Final = ("id", "position", *POINT_FIELDS)
_READ_OF_SITE: Final = ("account_id", *_OF_SITE)
_READ_OF_POINT: Final = ("account_id", *_OF_POINT)

Values = Mapping[str, Any]
Found = tuple[int, "Record"]


def read_records(session: Session, own: OwnKeys, keys: Collection[int]) -> Iterator[Found]:
    """Yield the living ones among some accounts with their records, by id."""
    ordered = sorted(keys)
    asked = _by_keys(own.columns)
    for start in range(0, len(ordered), CHUNK):
        yield from _read(session, own, asked, {"keys": ordered[start : start + CHUNK]})


def stream_records(session: Session, own: OwnKeys, *, after: int = 0) -> Iterator[list[Found]]:
    """Yield all living accounts behind an id, chunk by chunk, by id."""
    asked = _by_range(own.columns)
    while True:
        chunk = select(Account.id).where(Account.id > after).order_by(Account.id).limit(CHUNK).subquery()
        last = session.scalar(select(func.max(chunk.c.id)))
        if last is None:
            return
        yield list(_read(session, own, asked, {"first": after + 1, "last": last}))
        after = last


@attrs.frozen
class _Asked:
    """The questions about some accounts, and the names of the columns of their sites; made once, for they are asked for each commit."""

    accounts: Select[Any]
    sites: Select[Any]
    points: Select[Any]


@lru_cache(maxsize=16)
def _by_keys(columns: tuple[str, ...]) -> _Asked:
    return _asked(columns, lambda column: column.in_(bindparam("keys", expanding=True)))


@lru_cache(maxsize=16)
def _by_range(columns: tuple[str, ...]) -> _Asked:
    return _asked(columns, lambda column: column.between(bindparam("first"), bindparam("last")))


def _asked(columns: tuple[str, ...], which: Callable[[ColumnElement[Any]], ColumnElement[bool]]) -> _Asked:
    account, site, point = Account.__table__.c, Site.__table__.c, ContactPoint.__table__.c
    return _Asked(
        select(*(account[name] for name in ("id", *ACCOUNT_FIELDS, *columns))).where(which(account.id), account.merged_into_id.is_(None)),
        select(*(site[name] for name in _READ_OF_SITE)).where(which(site.account_id)),
        # What else there is to say of the rows is said here: more conditions lead SQLite to the index of a column that is mostly empty.
        select(*(point[name] for name in _READ_OF_POINT)).where(which(point.account_id)),
    )


def _read(session: Session, own: OwnKeys, asked: _Asked, values: Mapping[str, Any]) -> Iterator[Found]:
    from crmcore_quality.duplicates import prepare  # noqa: PLC0415 - the engine brings numpy, which a Crm that only opens does not need

    found = session.execute(asked.accounts, values).all()
    if not found:
        return
    address = _addresses(session.execute(asked.sites, values).all())
    points: dict[int, list[Values]] = defaultdict(list)
    for row in session.execute(asked.points, values):
        points[row[0]].append(dict(zip(_READ_OF_POINT, row, strict=True)))
    names = ("id", *ACCOUNT_FIELDS, *own.columns)
    for row in sorted(found, key=lambda row: int(row.id)):
        account = dict(zip(names, row, strict=True))
        raw = as_row(account, address.get(row.id), _reached(points.get(row.id, ())))
        record = {**prepare(raw), LABEL: row.name}
        yield row.id, {**record, **own.values({**account, **raw})} if own.sets else record


def _reached(points: Iterable[Values]) -> list[tuple[str, str]]:
    """Return kind and value of the contact points of an account; those of its people say who works there, not who it is."""
    mine = sorted((each for each in points if each["person_id"] is None), key=lambda each: (each["position"], each["id"]))
    return [(each["kind"], each["value"]) for each in mine]


def _addresses(rows: Iterable[Row[Any]]) -> dict[int, Values]:
    """Return the site of each account that its address is taken of: the legal one, else the first."""
    found: dict[int, Values] = {}
    for row in rows:
        # What a row makes of itself as a dictionary takes several times as long.
        site = dict(zip(_READ_OF_SITE, row, strict=True))
        before = found.get(row[0])
        if not site["disabled"] and (before is None or _legal_first(site) < _legal_first(before)):
            found[row[0]] = site
    return found


def new_records(own: OwnKeys, keys: Collection[int], changes: Sequence[Change]) -> Iterator[Found]:
    """Yield those among some accounts that a commit made, from what it wrote: all that belongs to them is there."""
    from crmcore_quality.duplicates import prepare  # noqa: PLC0415 - the engine brings numpy

    made, sites, points = _written(changes)
    for key, account in made.items():
        values = {name: account.get(name) for name in ("id", *ACCOUNT_FIELDS, *own.columns)}
        if key not in keys or values["merged_into_id"] is not None:
            continue
        address = min((each for each in sites[key] if not each["disabled"]), key=_legal_first, default=None)
        raw = as_row(values, address, _reached(points[key]))
        record = prepare(raw)
        yield key, {**record, **own.values({**values, **raw})} if own.sets else record


def _written(changes: Sequence[Change]) -> tuple[dict[int, Values], dict[int, list[Values]], dict[int, list[Values]]]:
    """Return the new accounts of a commit, and the sites and contact points of all that it touched, as they are in the end."""
    born = {id(change.record) for change in changes if change.verb is RecordVerb.CREATED}
    deleted = {id(change.record) for change in changes if change.verb is RecordVerb.DELETED}
    accounts: dict[int, Values] = {}
    sites: dict[int, list[Values]] = defaultdict(list)
    points: dict[int, list[Values]] = defaultdict(list)
    unknown: set[int] = set()
    for record in {id(change.record): change.record for change in changes if id(change.record) not in deleted}.values():
        state = vars(record)
        if isinstance(record, Account) and id(record) in born:
            accounts[record.id] = state
        elif isinstance(record, Site | ContactPoint):
            found, names = (sites, _OF_SITE) if isinstance(record, Site) else (points, _OF_POINT)
            # What was never set is not there, and was written as empty.
            found[record.account_id].append({name: state.get(name) for name in names})
        if inspect(record).expired_attributes:
            unknown.add(record.id if isinstance(record, Account) else state.get("account_id", 0))
    # Of something that was expired meanwhile not all is known here: such an account is read with the others.
    return {key: state for key, state in accounts.items() if key not in unknown}, sites, points


def _legal_first(site: Mapping[str, Any]) -> tuple[int, int]:
    return _LEGAL_FIRST.get(site["kind"], 1), site["id"]


def as_row(account: Mapping[str, Any], site: Mapping[str, Any] | None, points: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """Return an account as the engine prepares it: with its address, and all of its phones and e-mails."""
    phones = [account["phone1"], *(value for kind, value in points if kind == "phone")]
    emails = [account["email"], account["pec"], *(value for kind, value in points if kind in {"email", "pec"})]
    row: dict[str, Any] = {name: account[name] for name in ("name", "vat_code", "fiscal_code")}
    if site is not None:
        phones.append(site["phone"])
        row |= {name: site[name] for name in ADDRESS}
    row["phones"] = [each for each in phones if each]
    row["emails"] = [each for each in emails if each]
    return row
