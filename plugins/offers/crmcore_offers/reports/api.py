"""Reports of a session.

::

    reports = Reports(session)
    reports.pipeline().total.weighted
    reports.pipeline(By.AGENT, period="2026-Q3")
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from crmcore import Session
from crmcore_offers.reports.campaigns import CampaignEffect, campaign_effect
from crmcore_offers.reports.commissions import Commissions, commissions
from crmcore_offers.reports.conversion import Conversion, WinBy, conversion
from crmcore_offers.reports.dimensions import By
from crmcore_offers.reports.efficacy import PAGE, Efficacy, EfficacyPage, efficacy, efficacy_page
from crmcore_offers.reports.forecast import Forecast, forecast
from crmcore_offers.reports.periods import Unit
from crmcore_offers.reports.pipeline import Pipeline, pipeline
from crmcore_offers.reports.subjects import Narrow


class Reports:
    """What documents come to, as far as the actor sees them; nothing is written. See the module."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def pipeline(
        self,
        by: By = By.STAGE,
        *,
        period: str | None = None,
        unit: Unit | None = None,
        agent: str | None = None,
        types: Sequence[str] = (),
        campaign: str | None = None,
        currency: str | None = None,
    ) -> Pipeline:
        """Return what is offered and not yet decided, in lines ``by`` something (G01, G02).

        ``period`` is when documents are expected to close: ``2026-Q3`` takes in its months. With ``unit``, lines by period are that long.

        Raises:
            ValidationFailed: ``OFFERS_PERIOD``, ``OFFERS_REPORT_UNKNOWN``.
        """
        narrow = Narrow(agent=agent, types=tuple(types), campaign=campaign, currency=currency)
        return pipeline(self._session, by, narrow, period=period, unit=unit)

    def campaign_effect(self, campaign: str, began: date, *, days: int, reached: int) -> CampaignEffect:
        """Return what came of a campaign in so many days: orders, customers, value, and the share of the ``reached`` customers (S12)."""
        return campaign_effect(self._session, campaign, began, days, reached)

    def commissions(
        self, first: date, last: date, *, agent: str | None = None, types: Sequence[str] = (), currency: str | None = None
    ) -> Commissions:
        """Return what who sells gets of what was confirmed from one day to another, both included (G22).

        ``agent`` narrows it to documents of an agent, whoever else gets something of them.

        Raises:
            ValidationFailed: ``OFFERS_COMMISSION_RULE``, ``OFFERS_REPORT_UNKNOWN``.
        """
        return commissions(self._session, first, last, Narrow(agent=agent, types=tuple(types), currency=currency))

    def forecast(
        self,
        period: str,
        unit: Unit = Unit.MONTH,
        *,
        by_agent: bool = False,
        agent: str | None = None,
        types: Sequence[str] = (),
        currency: str | None = None,
    ) -> Forecast:
        """Return what is won, weighted and meant in a year, a quarter or a month, in parts of a length (G23).

        Raises:
            ValidationFailed: ``OFFERS_PERIOD``, ``OFFERS_REPORT_UNKNOWN``.
        """
        narrow = Narrow(agent=agent, types=tuple(types), currency=currency)
        return forecast(self._session, period, unit, narrow, by_agent=by_agent)

    def efficacy(
        self,
        first: date,
        last: date,
        by: By = By.AGENT,
        *,
        agent: str | None = None,
        types: Sequence[str] = (),
        campaign: str | None = None,
        currency: str | None = None,
    ) -> Efficacy:
        """Return what of what was presented from one day to another was won, and the margin of it, in lines ``by`` something (L04).

        Raises:
            ValidationFailed: ``OFFERS_REPORT_UNKNOWN``.
        """
        narrow = Narrow(agent=agent, types=tuple(types), campaign=campaign, currency=currency)
        return efficacy(self._session, first, last, by, narrow)

    def efficacy_documents(
        self,
        first: date,
        last: date,
        *,
        after: tuple[date, int] | None = None,
        page: int = PAGE,
        agent: str | None = None,
        types: Sequence[str] = (),
        campaign: str | None = None,
        currency: str | None = None,
    ) -> EfficacyPage:
        """Return the same document by document, the newest first; ``after`` is ``next`` of the page before (L04, analytic).

        Raises:
            ValidationFailed: ``OFFERS_REPORT_UNKNOWN``.
        """
        narrow = Narrow(agent=agent, types=tuple(types), campaign=campaign, currency=currency)
        return efficacy_page(self._session, first, last, narrow, after=after, page=page)

    def conversion(
        self,
        first: date,
        last: date,
        by: WinBy = WinBy.AGENT,
        *,
        agent: str | None = None,
        types: Sequence[str] = (),
        campaign: str | None = None,
        currency: str | None = None,
    ) -> Conversion:
        """Return how documents went through the stages from one day to another, and what was decided, ``by`` something (L05).

        Raises:
            ValidationFailed: ``OFFERS_REPORT_UNKNOWN``.
        """
        narrow = Narrow(agent=agent, types=tuple(types), campaign=campaign, currency=currency)
        return conversion(self._session, first, last, by, narrow)
