"""What callers hand to the registry, and get back from it."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any, Required, TypedDict

import attrs
from sqlalchemy import inspect

from crmcore.errors import Problem
from crmcore.model import STAMPS, Entity


@attrs.frozen
class KeyRef:
    """The key of a record in another system: an ERP, a website, an old archive."""

    source: str
    key: str
    company: str = ""
    stream: str = ""


class AccountFields(TypedDict, total=False):
    """Fields of an account that may be given by name; states are changed by `session.states` only."""

    kind: str
    phone1: str | None
    email: str | None
    pec: str | None
    recipient_code: str | None
    vat_code: str | None
    fiscal_code: str | None
    ateco: str | None
    web: str | None
    language: str
    owner: str | None
    private: bool
    notes: str | None
    state: str | None
    seller_id: int | None
    seller_source: str


class AccountChanges(AccountFields, total=False):
    """Fields of an account that may be changed by name."""

    name: str


class SiteFields(TypedDict, total=False):
    """Fields of a site; ``raw`` is the address as it was given, and is made of the parts when it is left out."""

    kind: str
    raw: str
    street: str | None
    civic: str | None
    hamlet: str | None
    postcode: str | None
    municipality: str | None
    province: str | None
    istat_code: str | None
    country: str
    phone: str | None
    address_unverified: bool


class PersonFields(TypedDict, total=False):
    """Fields of a contact person, and how to reach them: one address of each kind, or several."""

    first_name: str
    title: str
    job_role: str
    language: str
    notes: str | None
    phone: str | Iterable[str]
    email: str | Iterable[str]
    pec: str | Iterable[str]
    preferences: Mapping[str, Mapping[str, bool]]


class PersonData(PersonFields, total=False):
    """A contact person of a new account."""

    last_name: Required[str]


class ContactPointData(TypedDict, total=False):
    """A further phone, e-mail or web address of a new account."""

    kind: Required[str]
    value: Required[str]
    label: str
    position: int


class AccountData(AccountFields, total=False):
    """A new account with all that belongs to it: what `AccountsApi.create` takes."""

    name: Required[str]
    portfolio: str | Mapping[int, str] | None
    roles: Iterable[str]
    sites: Iterable[SiteFields]
    people: Iterable[PersonData]
    contact_points: Iterable[ContactPointData]
    external_keys: Iterable[KeyRef]
    characteristics: Mapping[str, object] | None


@attrs.frozen
class Created:
    """What became of many new accounts, by their positions: the ids of those that were written, the problems of the others.

    ``made`` names all records of each account that was written, as entity and id; the account itself comes first.
    """

    ids: Mapping[int, int]
    refused: Mapping[int, tuple[Problem, ...]]
    made: Mapping[int, tuple[tuple[str, int], ...]]


@attrs.frozen(kw_only=True)
class Related:
    """One relation as it is seen from one of its two sides.

    ``label`` reads from there to the other side: «controlla», or «è controllata da» where ``inverse``. The other side is ``account_id``;
    ``person_id`` is set where one of the two sides is a person.
    """

    relation_id: int
    kind: str
    label: str
    inverse: bool
    account_id: int
    account: str
    person_id: int | None
    person: str | None
    notes: str


@attrs.frozen(kw_only=True)
class ContactCheck:
    """Whether somebody may be contacted, with every reason why not (I-10).

    ``addresses`` are those that work; none when the actor's profile hides a field that they are of.
    """

    allowed: bool
    reasons: tuple[Problem, ...]
    addresses: tuple[str, ...]

    def __bool__(self) -> bool:
        return self.allowed


@attrs.frozen(kw_only=True)
class ConsentState:
    """What the last consent or revocation says."""

    given: bool
    at: datetime


def unknown_fields(cls: type[Entity], given: Mapping[str, object], more: Collection[str] = ()) -> list[Problem]:
    """Return a problem for each name that is no field of an entity which a caller may set."""
    known = _settable(cls)
    problems = []
    for name in given:
        if name not in known and name not in more:
            near = difflib.get_close_matches(name, sorted({*known, *more}), n=1)
            params: dict[str, Any] = {"entity": cls.entity_name(), "field": name, "hint": f" ({near[0]}?)" if near else ""}
            problems.append(Problem(code="FIELD_UNKNOWN", params=params))
    return problems


@lru_cache(maxsize=256)
def _settable(cls: type[Entity]) -> frozenset[str]:
    return frozenset(prop.key for prop in inspect(cls).column_attrs) - {"id", "version", "uid", *STAMPS}
