"""Make the records that belong to an account: each refers to it, so that the unit of work writes them in order, in one go."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final, TypeVar

from sqlalchemy import select
from sqlalchemy.orm.attributes import manager_of_class

from crmcore.accounts.seed import PRIMARY_UNIT
from crmcore.accounts.trees import MEMO_CODES, PORTFOLIO, UNIT, Known, remember
from crmcore.accounts.values import AccountData, KeyRef, unknown_fields
from crmcore.errors import Problem, ValidationFailed
from crmcore.model import (
    Account,
    AccountPortfolio,
    AccountRole,
    BusinessUnit,
    ContactPoint,
    Entity,
    ExternalKey,
    Person,
    Portfolio,
    Preference,
    Site,
)

if TYPE_CHECKING:
    from crmcore.session import Session

E = TypeVar("E", bound=Entity)

_REACHED_BY: Final = ("phone", "email", "pec")
_BELONGING: Final = frozenset({"portfolio", "roles", "sites", "people", "contact_points", "external_keys", "characteristics"})
"""What is given of a new account and is no field of it."""


def make(session: Session, data: AccountData) -> tuple[Account, list[Entity]]:
    """Return a new account and all that belongs to it, in no session yet; each refers to the account.

    Raises:
        ValidationFailed: ``CODE_UNKNOWN`` and ``FIELD_UNKNOWN``.
    """
    fields: dict[str, Any] = {key: value for key, value in data.items() if key not in _BELONGING}
    sites, people, points = list(data.get("sites", ())), list(data.get("people", ())), list(data.get("contact_points", ()))
    problems = unknown_fields(Account, fields)
    problems += [problem for site in sites for problem in unknown_fields(Site, site)]
    problems += [problem for point in points for problem in unknown_fields(ContactPoint, point)]
    refuse([*problems, *person_problems(people)])
    portfolio = data.get("portfolio")
    wanted = {PRIMARY_UNIT: portfolio} if isinstance(portfolio, str) else dict(portfolio or {})
    found = find_portfolios(session, wanted)
    if fields.get("private") and "owner" not in fields and not session.actor.is_system:
        fields["owner"] = session.actor.name
    account = _new(Account, {**fields, "characteristics": dict(data.get("characteristics") or {})})
    made: list[Entity] = [portfolio_of(session, account, number, found[number], code) for number, code in wanted.items()]
    made += [role_of(account, role) for role in dict.fromkeys(data.get("roles", ()))]
    made += [site_of(account, site) for site in sites]
    made += [each for person in people for each in person_of(account, person)]
    made += [point_of(account, point) for point in points]
    made += [key_of(account, ref) for ref in data.get("external_keys", ())]
    return account, made


def _new(cls: type[E], values: Mapping[str, Any]) -> E:
    """Return a new record without the events of each attribute, which nobody listens to before it is in a session: a sixth of the cost."""
    record: E = manager_of_class(cls).new_instance()
    record.__dict__.update(values)
    return record


def refuse(problems: Iterable[Problem]) -> None:
    """Raise all problems at once, if there are any."""
    found = list(problems)
    if found:
        raise ValidationFailed("VALIDATION_FAILED", found)


def find_portfolios(session: Session, wanted: Mapping[int, str]) -> dict[int, int]:
    """Return the ids of portfolios given by unit number and code, in one query, or none where this commit asked before.

    Raises:
        ValidationFailed: ``CODE_UNKNOWN`` for each that does not exist.
    """
    known: dict[tuple[int, str], tuple[int, int]] = session.unit.memo.setdefault(MEMO_CODES, {})
    missing = {pair for pair in wanted.items() if pair not in known}
    if missing:
        rows = session.execute(
            select(Portfolio.id, Portfolio.code, Portfolio.obsolete, BusinessUnit.id.label("unit_id"), BusinessUnit.number)
            .join(BusinessUnit, BusinessUnit.id == Portfolio.business_unit_id)
            .where(BusinessUnit.number.in_({number for number, _ in missing}), Portfolio.code.in_({code for _, code in missing}))
        )
        for row in rows:
            known[row.number, row.code] = (row.id, row.unit_id)
            remember(session, row.id, Known(row.unit_id, row.code, row.obsolete), row.number)
    refuse(
        Problem(code="CODE_UNKNOWN", params={"what": PORTFOLIO, "code": f"{number}/{code}"})
        for number, code in wanted.items()
        if (number, code) not in known
    )
    return {number: known[number, code][0] for number, code in wanted.items()}


def find_unit(session: Session, number: int) -> int:
    """Return the id of a business unit.

    Raises:
        ValidationFailed: ``CODE_UNKNOWN``.
    """
    found = session.scalar(select(BusinessUnit.id).where(BusinessUnit.number == number))
    if not isinstance(found, int):
        raise ValidationFailed("VALIDATION_FAILED", [Problem(code="CODE_UNKNOWN", params={"what": UNIT, "code": number})])
    return found


def portfolio_of(session: Session, account: Account, number: int, portfolio_id: int, code: str) -> AccountPortfolio:
    """Return the assignment of an account to a portfolio that `find_portfolios` found."""
    unit_id = session.unit.memo[MEMO_CODES][number, code][1]
    made = _new(AccountPortfolio, {"business_unit_id": unit_id, "portfolio_id": portfolio_id})
    made.account = account
    return made


def role_of(account: Account, role: str) -> AccountRole:
    """Return a role of an account."""
    made = AccountRole(account_id=account.id, role=role)
    made.account = account
    return made


def key_of(account: Account, ref: KeyRef) -> ExternalKey:
    """Return the external key of an account."""
    made = ExternalKey(entity="account", entity_id=account.id, source=ref.source, key=ref.key, company=ref.company, stream=ref.stream)
    made.account = account
    return made


def site_of(account: Account, fields: Mapping[str, Any]) -> Site:
    """Return a site of an account."""
    made = _new(Site, fields)
    made.account = account
    return made


def person_of(account: Account, fields: Mapping[str, Any]) -> list[Entity]:
    """Return a contact person of an account, with addresses and preferences; the person comes first."""
    own = {key: value for key, value in fields.items() if key not in {*_REACHED_BY, "preferences"}}
    person = Person(account_id=account.id, **own)
    person.account = account
    made: list[Entity] = [person]
    for kind in _REACHED_BY:
        values = fields.get(kind, ())
        for position, value in enumerate([values] if isinstance(values, str) else values, 1):
            made.append(point_of(account, {"kind": kind, "value": value, "position": position}, person))
    for purpose, channels in fields.get("preferences", {}).items():
        made += [cell_of(person, purpose, channel, allowed=allowed) for channel, allowed in channels.items()]
    return made


def point_of(account: Account, fields: Mapping[str, Any], person: Person | None = None) -> ContactPoint:
    """Return a contact point of an account, or of one of its people."""
    point = ContactPoint(account_id=account.id, **fields)
    point.account = account
    if person is not None:
        point.person = person
    return point


def cell_of(person: Person, purpose: str, channel: str, *, allowed: bool) -> Preference:
    """Return one cell of the preference matrix of a person."""
    cell = Preference(person_id=person.id, purpose=purpose, channel=channel, allowed=allowed)
    cell.person = person
    return cell


def person_problems(people: Iterable[Mapping[str, object]]) -> list[Problem]:
    """Return a problem for each name that is no field of a person."""
    return [problem for fields in people for problem in unknown_fields(Person, fields, (*_REACHED_BY, "preferences"))]
