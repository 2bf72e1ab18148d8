"""The register of oppositions to marketing calls (Registro pubblico delle opposizioni), as rules that whoever calls asks.

Source: DPR 26/2022, L. 5/2018. The register is consulted outside this plugin: the operator sends numbers, and gets back within a day which
of them are opposed. An answer counts for fifteen days. Opposition cancels the consents that were given before it; a specific consent given
later, and a contract that runs or ended at most thirty days ago, allow the call. Who renews an opposition cancels the later consents too,
but the register's answer does not show renewals: whoever hears of one has to revoke the consent.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Final

import attrs

from crmcore import ErrorCode, Problem
from crmcore_italy.phones import PhoneNumber

ANSWER_COUNTS_FOR: Final = timedelta(days=15)
AFTER_CONTRACT: Final = timedelta(days=30)

CODES: Final = (
    ErrorCode(
        "ITALY_REGISTER_NOT_ASKED",
        "{phone} was never looked up in the register of oppositions",
        "{phone} non è mai stato verificato nel Registro delle opposizioni",
        "Submit the number to the register, and record its answer, before calling.",
    ),
    ErrorCode(
        "ITALY_REGISTER_STALE",
        "the answer of the register of oppositions about {phone} is of {asked}, and counted until {until}",
        "la risposta del Registro delle opposizioni su {phone} è del {asked}, e valeva fino al {until}",
        "Submit the number again: an answer counts for fifteen days.",
    ),
    ErrorCode(
        "ITALY_OPPOSED",
        "{phone} is in the register of oppositions",
        "{phone} è iscritto nel Registro delle opposizioni",
        "Do not call for marketing, unless there is a specific consent given after the opposition, or a contract.",
    ),
)


@attrs.frozen(kw_only=True)
class RegisterAnswer:
    """What the register said about a number, and when it was asked.

    The register does not tell since when a number is opposed: ``opposed_since`` is when an answer first said so, which is never too early.
    """

    phone: str
    asked_at: datetime
    opposed_since: datetime | None = None

    @property
    def opposed(self) -> bool:
        """Whether the number was opposed when the register was asked."""
        return self.opposed_since is not None

    @property
    def counts_until(self) -> datetime:
        """The instant after which the register has to be asked again."""
        return self.asked_at + ANSWER_COUNTS_FOR

    def followed_by(self, *, asked_at: datetime, opposed: bool) -> RegisterAnswer:
        """Return the newer answer, which keeps since when the number is opposed; whoever withdrew the opposition starts anew."""
        since = (self.opposed_since or asked_at) if opposed else None
        return RegisterAnswer(phone=self.phone, asked_at=asked_at, opposed_since=since)


@attrs.frozen(kw_only=True)
class Relation:
    """What there is between the caller and the person beyond the register.

    ``consent_at`` is when the last specific consent to calls was given and not revoked; ``contract_until`` the last day of a contract about
    the same kind of goods, ``contract_runs`` that it has none yet.
    """

    consent_at: datetime | None = None
    contract_runs: bool = False
    contract_until: date | None = None


@attrs.frozen(kw_only=True)
class CallDecision:
    """Whether a number may be called for marketing as far as the register goes, until when that holds, or why not."""

    allowed: bool
    until: datetime | None = None
    reason: Problem | None = None

    def __bool__(self) -> bool:
        return self.allowed


def decide(phone: str, answer: RegisterAnswer | None, relation: Relation, *, now: datetime, today: date) -> CallDecision:
    """Say whether a number may be called at ``now``; ``today`` is that instant's day in the deployment's zone.

    This is the register alone: whether there is a consent at all is `session.accounts`' question.
    """
    if relation.contract_runs or (relation.contract_until is not None and today <= relation.contract_until + AFTER_CONTRACT):
        return CallDecision(allowed=True)
    if answer is None:
        return CallDecision(allowed=False, reason=_problem("ITALY_REGISTER_NOT_ASKED", phone=phone))
    later_consent = answer.opposed_since is not None and relation.consent_at is not None and relation.consent_at > answer.opposed_since
    if later_consent:
        return CallDecision(allowed=True)
    if answer.opposed_since is not None:
        return CallDecision(allowed=False, reason=_problem("ITALY_OPPOSED", phone=phone))
    if now > answer.counts_until:
        params = {"phone": phone, "asked": answer.asked_at.date(), "until": answer.counts_until.date()}
        return CallDecision(allowed=False, reason=_problem("ITALY_REGISTER_STALE", **params))
    return CallDecision(allowed=True, until=answer.counts_until)


def numbers_to_ask(phones: Iterable[str], answers: Iterable[RegisterAnswer], *, by: datetime) -> list[str]:
    """Return the Italian numbers, each once and sorted, whose answer is missing or will not count any more at ``by``."""
    fresh = {answer.phone for answer in answers if answer.counts_until >= by}
    return sorted({phone for phone in phones if PhoneNumber(phone).italian} - fresh)


def _problem(code: str, **params: object) -> Problem:
    template = next(each for each in CODES if each.code == code)
    return Problem(code=code, params=params, plugin="italy", template=template)
