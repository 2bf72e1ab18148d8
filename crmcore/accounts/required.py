"""What every account must have: by default a name, the first phone and the primary portfolio (I-1, B15)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from sqlalchemy import select

from crmcore.accounts.seed import PRIMARY_UNIT
from crmcore.accounts.trees import unit_number
from crmcore.errors import Problem
from crmcore.events import RecordVerb
from crmcore.model import Account, AccountKind, AccountPortfolio, BusinessUnit
from crmcore.settings import LEGAL_SITE, PRIMARY_PORTFOLIO

if TYPE_CHECKING:
    from crmcore.session import Change, Session

_ERP: Final = "erp"
"""What the source of a session starts with when an ERP writes."""

_ELSEWHERE: Final = frozenset({PRIMARY_PORTFOLIO, LEGAL_SITE})
"""Requirements that are no fields of the account."""


def required_fields(session: Session) -> Collection[str]:
    """Return what this deployment asks of every account."""
    chosen = session.settings("core")["required_account_fields"]
    return chosen if isinstance(chosen, tuple) else ()


def check_fields(session: Session, changes: Sequence[Change]) -> Iterator[Problem]:
    """Refuse accounts without their fields; a company that an ERP writes is taken, and marked as incomplete (`domain.md` §5.7).

    Where an old account lacks a field that is asked for today, it may go on lacking it: only what is emptied is refused.
    """
    fields = [name for name in required_fields(session) if name not in _ELSEWHERE and name != "name"]
    lenient = session.source.partition(":")[0] == _ERP
    for change in changes:
        record = change.record
        if change.verb is RecordVerb.DELETED or not isinstance(record, Account):
            continue
        new = change.verb is RecordVerb.CREATED
        state = record.__dict__
        # Without a name the database itself refuses; one of blanks is no better.
        name = state.get("name")
        if isinstance(name, str) and not name.strip():
            yield _missing("name")
        lacking = [name for name in fields if _is_empty(state.get(name))]
        accepted = lenient and record.kind == AccountKind.BUSINESS
        if not accepted:
            yield from (_missing(name) for name in lacking if new or name in change.changes)
        _mark(change, record, incomplete=bool(lacking))


def _mark(change: Change, record: Account, *, incomplete: bool) -> None:
    # The flag is derived, so that nobody has to remember to clear it.
    if record.incomplete != incomplete:
        old = None if change.verb is RecordVerb.CREATED else record.incomplete
        record.incomplete = incomplete
        change.changes["incomplete"] = (old, incomplete)


def _is_empty(value: object) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def _missing(field: str) -> Problem:
    return Problem(code="VALUE_MISSING", params={"entity": "account", "field": field})


def missing_portfolios(session: Session, changes: Mapping[str, Sequence[Change]]) -> list[Problem]:
    """Return new accounts of one flush that come without a primary portfolio, to report them with whatever else is wrong."""
    new = [change.record for change in changes.get("account", ()) if change.verb is RecordVerb.CREATED]
    if not new or PRIMARY_PORTFOLIO not in required_fields(session):
        return []
    given = {id(change.record.__dict__.get("account")) for change in changes.get("account_portfolio", ())}
    return [_no_portfolio(record.name) for record in new if isinstance(record, Account) and id(record) not in given]


def _no_portfolio(name: str) -> Problem:
    return Problem(code="ACCOUNT_NO_PORTFOLIO", params={"name": name})


def check_portfolios(session: Session, changes: Iterable[Change]) -> Iterator[Problem]:
    """Refuse a commit that leaves an account without its primary portfolio."""
    if PRIMARY_PORTFOLIO not in required_fields(session):
        return
    doubtful: set[int] = set()
    given: set[int] = set()
    for change in changes:
        record = change.record
        if isinstance(record, Account) and change.verb is RecordVerb.CREATED:
            doubtful.add(record.id)
        elif isinstance(record, AccountPortfolio):
            if change.verb is RecordVerb.CREATED and unit_number(session, record.business_unit_id) == PRIMARY_UNIT:
                given.add(record.account_id)
            elif change.verb is not RecordVerb.CREATED:
                doubtful.update(key for key in (record.account_id, *change.changes.get("account_id", ())) if key is not None)
                given.discard(record.account_id)
    # The usual new account came with its portfolio, and needs no question.
    if any(change.verb is RecordVerb.DELETED and change.entity == "account_portfolio" for change in changes):
        given.clear()
    for name in _without(session, sorted(doubtful - given)):
        yield _no_portfolio(name)


def _without(session: Session, accounts: Sequence[int]) -> Sequence[str]:
    if not accounts:
        return ()
    has = (
        select(AccountPortfolio.id)
        .join(BusinessUnit, BusinessUnit.id == AccountPortfolio.business_unit_id)
        .where(AccountPortfolio.account_id == Account.id, BusinessUnit.number == PRIMARY_UNIT)
    )
    wanted = select(Account.name).where(Account.id.in_(accounts), Account.merged_into_id.is_(None), ~has.exists()).order_by(Account.id)
    return session.scalars(wanted).all()
