"""What a session offers, by subject: each API is made when it is first asked for, because all of them use the session."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from crmcore.access.api import AccessApi
    from crmcore.access.signin import SignInApi
    from crmcore.accounts.api import AccountsApi
    from crmcore.accounts.consents import ConsentsApi
    from crmcore.accounts.portfolios import PortfoliosApi
    from crmcore.audit import AuditApi
    from crmcore.changesets import ChangeSets
    from crmcore.characteristics.api import CharacteristicsApi
    from crmcore.interactions.api import InteractionsApi
    from crmcore.lookups.api import LookupsApi
    from crmcore.merge.api import MergesApi
    from crmcore.monitoring import MonitoringApi
    from crmcore.privacy.api import PrivacyApi
    from crmcore.query.api import SearchApi
    from crmcore.session.session import Session
    from crmcore.states import States
    from crmcore.territory import Territory


class Apis:
    """The APIs of a `Session`."""

    @property
    def _session(self) -> Session:
        return cast("Session", self)

    @cached_property
    def accounts(self) -> AccountsApi:
        """Accounts with their portfolios, roles, sites, people, relations and external keys."""
        from crmcore.accounts.api import AccountsApi  # noqa: PLC0415 - it uses the session

        return AccountsApi(self._session)

    @cached_property
    def access(self) -> AccessApi:
        """What exists for whom, and why; blocking of users."""
        from crmcore.access.api import AccessApi  # noqa: PLC0415 - it uses the session

        return AccessApi(self._session)

    @cached_property
    def signin(self) -> SignInApi:
        """Devices, sessions, passwords and tokens, for administrators."""
        from crmcore.access.signin import SignInApi  # noqa: PLC0415 - it uses the session

        return SignInApi(self._session)

    @cached_property
    def audit(self) -> AuditApi:
        """Who changed, read or was refused what; for administrators."""
        from crmcore.audit import AuditApi  # noqa: PLC0415 - it uses the session

        return AuditApi(self._session)

    @cached_property
    def monitoring(self) -> MonitoringApi:
        """Who feeds the CRM, and who does not."""
        from crmcore.monitoring import MonitoringApi  # noqa: PLC0415 - it uses the session

        return MonitoringApi(self._session)

    @cached_property
    def portfolios(self) -> PortfoliosApi:
        """Business units and trees of portfolios."""
        from crmcore.accounts.portfolios import PortfoliosApi  # noqa: PLC0415 - it uses the session

        return PortfoliosApi(self._session)

    @cached_property
    def consents(self) -> ConsentsApi:
        """Consents given and revoked."""
        from crmcore.accounts.consents import ConsentsApi  # noqa: PLC0415 - it uses the session

        return ConsentsApi(self._session)

    @cached_property
    def interactions(self) -> InteractionsApi:
        """The contact history."""
        from crmcore.interactions.api import InteractionsApi  # noqa: PLC0415 - it uses the session

        return InteractionsApi(self._session)

    @cached_property
    def lookups(self) -> LookupsApi:
        """Three-level lookup tables."""
        from crmcore.lookups.api import LookupsApi  # noqa: PLC0415 - it uses the session

        return LookupsApi(self._session)

    @cached_property
    def characteristics(self) -> CharacteristicsApi:
        """Characteristics: definitions, typed values, history and mass maintenance."""
        from crmcore.characteristics.api import CharacteristicsApi  # noqa: PLC0415 - it uses the session

        return CharacteristicsApi(self._session)

    @cached_property
    def privacy(self) -> PrivacyApi:
        """Erasing and exporting people, and the list of those whom nobody may bring back."""
        from crmcore.privacy.api import PrivacyApi  # noqa: PLC0415 - it uses the session

        return PrivacyApi(self._session)

    @cached_property
    def search(self) -> SearchApi:
        """Lists, full text, saved searches and list views."""
        from crmcore.query.api import SearchApi  # noqa: PLC0415 - it uses the session

        return SearchApi(self._session)

    @cached_property
    def changesets(self) -> ChangeSets:
        """Mass changes: preview, confirm, undo."""
        from crmcore.changesets import ChangeSets  # noqa: PLC0415 - it uses this module

        return ChangeSets(self._session)

    @cached_property
    def merges(self) -> MergesApi:
        """Merging accounts, and taking it back."""
        from crmcore.merge.api import MergesApi  # noqa: PLC0415 - it uses the session

        return MergesApi(self._session)

    @cached_property
    def states(self) -> States:
        """State tables, and the one function that changes a state."""
        from crmcore.states import States  # noqa: PLC0415 - it uses this module

        return States(self._session)

    @cached_property
    def territory(self) -> Territory:
        """The sales force, zones, and who sells where."""
        from crmcore.territory import Territory  # noqa: PLC0415 - it uses this module

        return Territory(self._session)
