"""Monitoring, as a session offers it.

::

    found = s.monitoring.contributions(date(2026, 5, 1), date(2026, 5, 30))
    for row in found.rows:
        print(row.login, row.total, row.expected, row.diligence, row.touched, row.assigned)

Administrators see everybody, others themselves and whom they supervise (A10, A11).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from crmcore.errors import UsageError
from crmcore.model import Profile, User, UserStatus
from crmcore.monitoring.counting import Period, assigned, counts, touched
from crmcore.monitoring.values import Activity, Contributions

if TYPE_CHECKING:
    from crmcore.session import Session


class MonitoringApi:
    """Who feeds the CRM; see the module."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def contributions(self, first: date | None = None, last: date | None = None) -> Contributions:
        """Count what people contributed from a day to a day, both included: by default the days of the settings, up to today.

        What machines wrote does not count, nor what one mass change wrote in many records (I-71).

        Raises:
            UsageError: ``PERIOD_INVALID``.
        """
        session = self._session
        settings: Any = session.settings("core")["monitoring"]
        today = session.crm.access.today()
        last = last or today
        first = first or last - timedelta(days=settings["days"] - 1)
        if first > last:
            raise UsageError("PERIOD_INVALID", first=first, last=last)
        period = Period(self._midnight(first), self._midnight(last + timedelta(days=1)))
        kinds = session.registry.contributions
        reach = session.guard.reach
        with session.guard.lifted():
            connection = session.orm.connection()
            users = self._users(None if reach.open or reach.administrator else reach.logins)
            logins = [user.login for user in users]
            found = counts(connection, kinds, logins, period)
            touches = touched(connection, kinds, session.registry.entities, users, period)
            owned = assigned(connection, users)
        rows = []
        for user in users:
            mine = found.get(user.login)
            if user.status != UserStatus.ACTIVE and mine is None:
                continue
            expected = _expected(settings, user.profile, (last - first).days + 1)
            rows.append(
                Activity(
                    login=user.login,
                    name=user.name,
                    profile=user.profile,
                    kinds=mine.kinds if mine is not None else {},
                    expected=expected,
                    touched=touches.get(user.login, 0),
                    assigned=owned.get(user.login, 0),
                    last_at=mine.last_at if mine is not None else None,
                )
            )
        rows.sort(key=lambda row: (-row.total, row.login))
        return Contributions(first=first, last=last, kinds=tuple(kinds), rows=tuple(rows))

    def _midnight(self, day: date) -> datetime:
        return datetime.combine(day, time(), tzinfo=self._session.crm.zone).astimezone(UTC)

    def _users(self, logins: Any) -> Sequence[Any]:  # noqa: ANN401 - logins, or None for all
        columns = (User.login, User.name, User.status, User.salesperson_id, Profile.code.label("profile"))
        query = select(*columns).outerjoin(Profile, Profile.id == User.profile_id).order_by(User.login)
        if logins is not None:
            query = query.where(User.login.in_(sorted(logins)))
        return self._session.orm.execute(query).all()


def _expected(settings: Mapping[str, Any], profile: str | None, days: int) -> int:
    """Return what is expected in so many days, rounded up: something is expected of a single day, too."""
    wanted = int(settings["profiles"].get(profile, settings["expected"]))
    return -(-wanted * days // int(settings["days"]))
