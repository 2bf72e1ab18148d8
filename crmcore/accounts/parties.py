"""Rules of contact points, preferences and consents (I-9 to I-11)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Final

from crmcore.errors import Problem
from crmcore.events import RecordVerb
from crmcore.labels import Label
from crmcore.model import Consent, ContactPoint, Preference

if TYPE_CHECKING:
    from crmcore.session import Change, Session

CHANNELS: Final = ("phone", "email", "pec", "sms", "mail")
"""How somebody can be reached; the columns of the preference matrix."""

EVERY_CHANNEL: Final = "any"
"""The channel of a consent or revocation that counts for all of them."""


def names(session: Session, key: str) -> tuple[str, ...]:
    """Return a list of names in the core's settings."""
    chosen = session.settings("core")[key]
    return chosen if isinstance(chosen, tuple) else ()


def keep_raw(session: Session, changes: Sequence[Change]) -> Iterator[Problem]:
    """Keep a contact point as it was given, beside whatever it is normalised to later (I-9)."""
    del session
    for change in changes:
        point = change.record
        if isinstance(point, ContactPoint) and change.verb is RecordVerb.CREATED and not point.raw and isinstance(point.value, str):
            point.raw = point.value
            change.changes["raw"] = (None, point.raw)
    yield from ()


def check_preferences(session: Session, changes: Sequence[Change]) -> Iterator[Problem]:
    """Refuse cells outside the matrix of this deployment."""
    purposes = names(session, "contact_purposes")
    for change in changes:
        cell = change.record
        if isinstance(cell, Preference) and change.verb is not RecordVerb.DELETED:
            if "purpose" in change.changes and cell.purpose not in purposes:
                yield not_one_of("person_preference", "purpose", cell.purpose, purposes)
            if "channel" in change.changes and cell.channel not in CHANNELS:
                yield not_one_of("person_preference", "channel", cell.channel, CHANNELS)


def check_consents(session: Session, changes: Sequence[Change]) -> Iterator[Problem]:
    """Refuse to touch a consent, to give one without proof, and to date one in the future, where no revocation could follow it (I-11)."""
    for change in changes:
        consent = change.record
        if change.verb is not RecordVerb.CREATED:
            yield Problem(code="CONSENT_FIXED")
        elif isinstance(consent, Consent):
            if consent.given is True and not (consent.proof or "").strip():
                yield Problem(code="CONSENT_NO_PROOF", params={"purpose": consent.purpose, "channel": consent.channel})
            if consent.channel not in {*CHANNELS, EVERY_CHANNEL}:
                yield not_one_of("consent", "channel", consent.channel, (*CHANNELS, EVERY_CHANNEL))
            at = consent.__dict__.get("at")
            if isinstance(at, datetime) and at.tzinfo is not None and at > session.now():
                expected = Label("un istante non futuro", "an instant that is not in the future")
                params = {"entity": "consent", "field": "at", "value": at.isoformat(), "expected": expected}
                yield Problem(code="VALUE_INVALID", params=params)


def not_one_of(entity: str, field: str, value: object, allowed: Sequence[str]) -> Problem:
    """Return the problem of a value that is not in a list."""
    listed = ", ".join(allowed)
    params = {"entity": entity, "field": field, "value": value, "expected": Label(f"uno tra {listed}", f"one of {listed}")}
    return Problem(code="VALUE_INVALID", params=params)
