"""Rules about who an account is: VAT and fiscal codes, the owner, and that a merged one stays as it is (I-4, I-5, I-7)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Final

from sqlalchemy import func, select

from crmcore.accounts.events import AccountOwnerChanged
from crmcore.accounts.taxcodes import TAX_CODES, normalise_code
from crmcore.errors import Problem
from crmcore.events import RecordVerb
from crmcore.labels import Label
from crmcore.model import Account
from crmcore.storage import batches

if TYPE_CHECKING:
    from crmcore.session import Change, Session

_NAMES: Final = {"vat_code": Label("la partita IVA", "VAT code"), "fiscal_code": Label("il codice fiscale", "fiscal code")}
_LOCK: Final = 4_304_817
"""Number of the lock that commits take, one after the other, where repeated codes are refused; any number does."""


def _accounts(changes: Iterable[Change]) -> Iterator[tuple[Change, Account]]:
    for change in changes:
        if isinstance(change.record, Account):
            yield change, change.record


def check_writable(session: Session, changes: Sequence[Change]) -> Iterator[Problem]:
    """Refuse to change a merged account; the merge and its undoing change ``merged_into_id`` itself (I-5)."""
    del session
    for change, account in _accounts(changes):
        merged = account.merged_into_id
        if change.verb is RecordVerb.UPDATED and merged is not None and "merged_into_id" not in change.changes:
            yield Problem(code="ACCOUNT_MERGED", params={"id": account.id, "survivor": merged})


def check_codes(session: Session, changes: Sequence[Change]) -> Iterator[Problem]:
    """Bring VAT and fiscal codes into the form that is stored, and refuse those that cannot be one (I-4).

    Check digits are not looked at: official samples fail them (S17), and `italy` has a field type that does.
    """
    del session
    for change, account in _accounts(changes):
        if change.verb is RecordVerb.DELETED:
            continue
        for field in TAX_CODES.keys() & change.changes.keys():
            given = account.__dict__.get(field)
            if isinstance(given, str):
                yield from _check_code(change, account, field, given)


def _check_code(change: Change, account: Account, field: str, given: str) -> Iterator[Problem]:
    code = normalise_code(field, given)
    pattern, expected = TAX_CODES[field]
    if code is not None and pattern.fullmatch(code) is None:
        params = {"field": _NAMES[field], "value": given[:40], "name": account.name, "expected": expected}
        yield Problem(code="TAX_CODE_INVALID", params=params)
    elif code != given:
        setattr(account, field, code)
        change.changes[field] = (change.changes[field][0], code)


def check_owner(session: Session, changes: Sequence[Change]) -> Iterator[Problem]:
    """Let only the owner or the system make an account private or public, and give a private one away (I-7)."""
    actor = session.actor
    for change, account in _accounts(changes):
        if change.verb is RecordVerb.DELETED:
            continue
        new = change.verb is RecordVerb.CREATED
        owner = account.owner if new or "owner" not in change.changes else change.changes["owner"][0]
        sensitive = account.private if new else "private" in change.changes or (account.private and "owner" in change.changes)
        if sensitive and not actor.is_system and owner != actor.name:
            told = owner if owner and "owner" not in session.guard.reach.hidden("account") else "—"
            yield Problem(code="ACCOUNT_PRIVATE", params={"name": account.name, "owner": told})


def tell_owner(session: Session, changes: Sequence[Change]) -> None:
    """Publish that an account went to another owner (B10)."""
    for change, account in _accounts(changes):
        if change.verb is RecordVerb.UPDATED and "owner" in change.changes:
            old, new = change.changes["owner"]
            session.publish(AccountOwnerChanged(account_id=account.id, old=old, new=new))


def check_unique_codes(session: Session, changes: Sequence[Change]) -> Iterator[Problem]:
    """Refuse codes that another account has, where the deployment wants that (I-4)."""
    if session.settings("core")["unique_tax_codes"] != "error":
        return
    touched = {
        account.id: account
        for change, account in _accounts(changes)
        if change.verb is not RecordVerb.DELETED and TAX_CODES.keys() & change.changes.keys()
    }
    if not touched:
        return
    if session.orm.connection().dialect.name == "postgresql":
        # Two commits that do not see each other's row yet could both bring the same code.
        session.execute(select(func.pg_advisory_xact_lock(_LOCK)))
    yield from repeated_codes(session, list(touched.values()))


def repeated_codes(session: Session, accounts: Sequence[Account]) -> list[Problem]:
    """Return a problem for each code of these accounts that living accounts share, in one query for each kind of code."""
    problems = []
    # Whom else a code belongs to tells it to who may not see it.
    hidden = session.hidden(Account)
    for field in (each for each in TAX_CODES if each not in hidden):
        column = getattr(Account, field)
        codes = sorted({code for account in accounts if (code := getattr(account, field)) is not None})
        holders: dict[str, list[int]] = defaultdict(list)
        for some in batches(codes):
            rows = session.execute(
                select(column, Account.id).where(column.in_(some), Account.merged_into_id.is_(None)).order_by(Account.id)
            )
            for code, key in rows:
                holders[code].append(key)
        for account in accounts:
            others = [key for key in holders[getattr(account, field) or ""] if key != account.id]
            if others:
                params = {"field": _NAMES[field], "value": getattr(account, field), "id": account.id, "others": ", ".join(map(str, others))}
                problems.append(Problem(code="TAX_CODE_REPEATED", params=params))
    return problems
