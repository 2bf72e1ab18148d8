"""May somebody be contacted? Preference, consent and a working address, with every reason why not (I-10)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final

import attrs
from sqlalchemy import or_, select

from crmcore.accounts.building import refuse
from crmcore.accounts.parties import CHANNELS, EVERY_CHANNEL, names, not_one_of
from crmcore.accounts.values import ContactCheck
from crmcore.errors import Problem
from crmcore.labels import Label
from crmcore.model import Account, Consent, ContactPoint, Person, Preference, Site
from crmcore.storage import batches

if TYPE_CHECKING:
    from crmcore.session import Session

MARKETING: Final = "marketing"
"""The purpose of a consent that counts for every marketing purpose."""

CHANNEL_LABELS: Final[Mapping[str, Label]] = {
    "phone": Label("telefono", "phone"),
    "email": Label("e-mail", "e-mail"),
    "pec": Label("PEC", "certified e-mail"),
    "sms": Label("SMS", "SMS"),
    "mail": Label("posta", "mail"),
}
_POINTS: Final = {"phone": "phone", "sms": "phone", "email": "email", "pec": "pec"}
_FIELDS: Final = {"phone": "phone1", "sms": "phone1", "email": "email", "pec": "pec"}
"""Channel → field of an account that is its first address."""

Subject = Account | Person


@attrs.define
class _Facts:
    """What the database says about some subjects of one kind, read in as many queries as there are tables."""

    session: Session
    purpose: str
    channel: str
    marketing: bool
    preferences: dict[int, bool] = attrs.field(factory=dict)
    consents: dict[int, list[Consent]] = attrs.field(factory=lambda: defaultdict(list))
    """By account, newest last: those of the account itself and of its people."""
    points: dict[int, list[ContactPoint]] = attrs.field(factory=lambda: defaultdict(list))
    """By account, in their order."""
    sites: dict[int, list[str]] = attrs.field(factory=lambda: defaultdict(list))


def check_contacts(session: Session, subjects: Iterable[Subject], purpose: str, channel: str) -> dict[Subject, ContactCheck]:
    """Return for each account or person whether a message of a purpose may be sent by a channel; the number of queries is fixed.

    Raises:
        ValidationFailed: ``VALUE_INVALID`` for a purpose or channel that is not of this deployment's preference matrix.
    """
    purposes = names(session, "contact_purposes")
    refuse(
        not_one_of("contact", field, value, allowed)
        for field, value, allowed in (("purpose", purpose, purposes), ("channel", channel, CHANNELS))
        if value not in allowed
    )
    wanted = list(dict.fromkeys(subjects))
    facts = _Facts(session, purpose, channel, marketing=purpose in names(session, "marketing_purposes"))
    people = [subject for subject in wanted if isinstance(subject, Person)]
    accounts = sorted({_account_id(subject) for subject in wanted})
    for some in batches([person.id for person in people]):
        rows = session.execute(
            select(Preference.person_id, Preference.allowed).where(
                Preference.person_id.in_(some), Preference.purpose == purpose, Preference.channel == channel
            )
        )
        facts.preferences.update({row.person_id: row.allowed for row in rows})
    for some in batches(accounts):
        _read(session, facts, some)
    return {subject: _judge(facts, subject) for subject in wanted}


def _account_id(subject: Subject) -> int:
    return subject.account_id if isinstance(subject, Person) else subject.id


def _read(session: Session, facts: _Facts, accounts: Sequence[int]) -> None:
    if facts.marketing:
        consents = (
            select(Consent)
            .where(
                Consent.account_id.in_(accounts),
                Consent.purpose.in_({facts.purpose, MARKETING}),
                Consent.channel.in_({facts.channel, EVERY_CHANNEL}),
            )
            .order_by(Consent.at, Consent.id)
        )
        for consent in session.scalars(consents):
            facts.consents[consent.account_id].append(consent)
    kind = _POINTS.get(facts.channel)
    if kind is not None:
        points = select(ContactPoint).where(ContactPoint.account_id.in_(accounts), ContactPoint.kind == kind)
        for point in session.scalars(points.order_by(ContactPoint.position, ContactPoint.id)):
            facts.points[point.account_id].append(point)
    elif facts.channel == "mail":
        sites = select(Site.account_id, Site.raw).where(Site.account_id.in_(accounts), Site.disabled.is_(False), or_(Site.raw != ""))
        # Past the guard, for the answer is the same for all: these accounts exist for the actor, and sites follow them.
        with session.guard.lifted():
            for account, raw in session.orm.execute(sites.order_by(Site.id)):
                facts.sites[account].append(raw)


def _judge(facts: _Facts, subject: Subject) -> ContactCheck:
    reasons: list[Problem] = []
    if subject.erased_at is not None:
        reasons.append(Problem(code="RECORD_ERASED", params={"entity": subject.entity_name(), "id": subject.id}))
    if isinstance(subject, Person):
        reasons += _preference_reasons(facts, subject)
    if facts.marketing:
        reasons += _consent_reasons(facts, subject)
    working, bounced = _addresses(facts, subject)
    if not working:
        reasons.append(Problem(code="ADDRESS_BOUNCED" if bounced else "ADDRESS_MISSING", params={"channel": _label(facts.channel)}))
    # Whether somebody may be contacted does not depend on who asks; at which address is not for everybody to see.
    addresses = tuple(working) if not _hidden_sources(facts) else ()
    return ContactCheck(allowed=not reasons, reasons=tuple(reasons), addresses=addresses)


def _hidden_sources(facts: _Facts) -> bool:
    """Return whether the addresses of the channel, or some of them, are of a field that is hidden from the actor."""
    hidden = facts.session.hidden
    if facts.channel == "mail":
        return "raw" in hidden(Site)
    return _FIELDS[facts.channel] in hidden(Account) or "value" in hidden(ContactPoint)


def _label(channel: str) -> Label:
    return CHANNEL_LABELS.get(channel, Label(channel, channel))


def _preference_reasons(facts: _Facts, person: Person) -> Iterator[Problem]:
    if person.disabled:
        yield Problem(code="PERSON_DISABLED", params={"person": person.id})
    if not facts.preferences.get(person.id, False):
        code = "PREFERENCE_REFUSED" if person.id in facts.preferences else "PREFERENCE_MISSING"
        yield Problem(code=code, params={"person": person.id, "purpose": facts.purpose, "channel": _label(facts.channel)})


def _consent_reasons(facts: _Facts, subject: Subject) -> Iterator[Problem]:
    """Look at what the person said, and the account for all of its people, for the purpose itself and for marketing as a whole.

    One of them must be a consent that lasts, and none a revocation: whoever revokes need not find out what was agreed to, and how.
    """
    person = subject.id if isinstance(subject, Person) else None
    last: dict[tuple[int | None, str], Consent] = {}
    for consent in facts.consents.get(_account_id(subject), ()):
        if consent.person_id is None or consent.person_id == person:
            last[consent.person_id, consent.purpose] = consent
    revoked = [consent for consent in last.values() if not consent.given]
    if revoked:
        newest = max(revoked, key=lambda consent: consent.at)
        params = {"purpose": newest.purpose, "channel": _label(facts.channel), "at": newest.at.date()}
        yield Problem(code="CONSENT_REVOKED", params=params)
    elif not last:
        yield Problem(code="CONSENT_MISSING", params={"purpose": facts.purpose, "channel": _label(facts.channel)})


def _addresses(facts: _Facts, subject: Subject) -> tuple[list[str], bool]:
    """Return the addresses that work, and whether there are others that send messages back."""
    key = _account_id(subject)
    if facts.channel == "mail":
        return facts.sites.get(key, []), False
    person = subject.id if isinstance(subject, Person) else None
    points = facts.points.get(key, [])
    bounced = {point.value.casefold() for point in points if point.bounced_at is not None}
    values = [point.value for point in points if point.person_id == person]
    first = getattr(subject, _FIELDS[facts.channel]) if person is None else None
    if first:
        values.insert(0, first)
    working = [value for value in dict.fromkeys(values) if value.casefold() not in bounced]
    return working, len(working) < len(set(values))
