"""Consents given and revoked: rows are only added, and the last one counts (I-11)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, select

from crmcore.accounts.parties import EVERY_CHANNEL
from crmcore.model import Account, Consent, Person

if TYPE_CHECKING:
    from crmcore.session import Session


class ConsentsApi:
    """Consents of accounts and of their people. Get it as ``session.consents``."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def record(
        self,
        subject: Account | Person,
        purpose: str,
        channel: str,
        *,
        given: bool,
        source: str = "",
        proof: str = "",
        text_version: str = "",
        at: datetime | None = None,
    ) -> Consent:
        """Add a consent or a revocation of an account or a person, valid from ``at`` (default: now), and return it.

        ``purpose`` is a purpose of contact, ``marketing`` for all of the marketing ones, or one of your own (``profiling``,
        ``third_parties``); ``channel`` is one of the preference matrix, or ``any``. ``proof`` says how a consent can be shown,
        ``text_version`` what was agreed to.

        At the commit ``CONSENT_NO_PROOF`` refuses a consent without proof; a revocation needs none.
        """
        person = subject if isinstance(subject, Person) else None
        account_id = subject.account_id if isinstance(subject, Person) else subject.id
        consent = Consent(
            account_id=account_id,
            purpose=purpose,
            channel=channel,
            given=given,
            at=at or self._session.now(),
            source=source or self._session.source,
            proof=proof,
            text_version=text_version,
        )
        if person is not None:
            consent.person = person
            if account_id is None:
                consent.account = person.account
        elif isinstance(subject, Account):
            consent.account = subject
        return self._session.add(consent)

    def revoke(self, subject: Account | Person, purpose: str = "marketing", channel: str = EVERY_CHANNEL, *, source: str = "") -> Consent:
        """Add a revocation from now on; without arguments, of all marketing on every channel."""
        return self.record(subject, purpose, channel, given=False, source=source)

    def current(self, subject: Account | Person, purpose: str, channel: str) -> Consent | None:
        """Return the last consent or revocation for a purpose and channel, also one for every channel; None when there never was one.

        That of an account is about itself, that of a person about the person alone.
        """
        found = self._session.scalar(
            select(Consent)
            .where(*_about(subject), Consent.purpose == purpose, Consent.channel.in_({channel, EVERY_CHANNEL}))
            .order_by(Consent.at.desc(), Consent.id.desc())
            .limit(1)
        )
        return found if isinstance(found, Consent) else None

    def history(self, subject: Account | Person) -> Sequence[Consent]:
        """Return everything recorded about an account itself, or about a person, oldest first."""
        return self._session.scalars(select(Consent).where(*_about(subject)).order_by(Consent.at, Consent.id)).all()


def _about(subject: Account | Person) -> tuple[ColumnElement[bool], ...]:
    if isinstance(subject, Person):
        return (Consent.account_id == subject.account_id, Consent.person_id == subject.id)
    return (Consent.account_id == subject.id, Consent.person_id.is_(None))
