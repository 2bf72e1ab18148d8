"""Privacy as an Italian firm usually sets it: how long consents count, and which channels marketing leaves alone by default.

Sources: GDPR art. 5 and 7; Garante, decision of 24 February 2005 (24 months for marketing, 12 for profiling), and of 18 July 2023 («until
revoked» is excessive). These are defaults; the firm's data protection officer decides.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Final

import attrs
from dateutil.relativedelta import relativedelta

from crmcore import ErrorCode, Problem

PROFILING: Final = "profiling"

CODES: Final = (
    ErrorCode(
        "ITALY_CONSENT_EXPIRED",
        "the consent to {purpose} of {given} counted until {until}",
        "il consenso per {purpose} del {given} valeva fino al {until}",
        "Ask for a new consent, or change the months in the settings of italy after hearing the data protection officer.",
    ),
    ErrorCode(
        "ITALY_CHANNEL_WITHOUT_MARKETING",
        "no marketing goes by {channel}",
        "niente marketing via {channel}",
        "Use another channel, or take this one out of the setting marketing_never_by.",
    ),
)


@attrs.frozen(kw_only=True)
class PrivacyDefaults:
    """The privacy settings of a deployment; ``never_by`` are channels that marketing does not use, consent or not."""

    marketing_months: int
    profiling_months: int
    never_by: frozenset[str]

    def counts_until(self, purpose: str, given_on: date) -> date:
        """Return the last day on which a consent counts: marketing's months for every purpose but profiling."""
        months = self.profiling_months if purpose == PROFILING else self.marketing_months
        return given_on + relativedelta(months=months)

    def problems(self, purpose: str, channel: str, given_at: datetime, *, today: date) -> list[Problem]:
        """Return why a consent does not allow a message of a purpose by a channel, although it was given; empty when nothing does."""
        found = []
        if purpose != PROFILING and channel in self.never_by:
            found.append(_problem("ITALY_CHANNEL_WITHOUT_MARKETING", channel=channel))
        until = self.counts_until(purpose, given_at.date())
        if today > until:
            found.append(_problem("ITALY_CONSENT_EXPIRED", purpose=purpose, given=given_at.date(), until=until))
        return found


def privacy_of(settings: Mapping[str, Any]) -> PrivacyDefaults:
    """Return the privacy settings among the plugin's."""
    return PrivacyDefaults(
        marketing_months=settings["marketing_months"],
        profiling_months=settings["profiling_months"],
        never_by=frozenset(settings["marketing_never_by"]),
    )


def _problem(code: str, **params: object) -> Problem:
    template = next(each for each in CODES if each.code == code)
    return Problem(code=code, params=params, plugin="italy", template=template)
