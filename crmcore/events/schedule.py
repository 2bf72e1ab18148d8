"""When recurring jobs are due, in the time zone of the deployment."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

import attrs
from dateutil.rrule import rrulestr


class Schedule(Protocol):
    """Tell the next time after another."""

    def next_after(self, moment: datetime, zone: ZoneInfo) -> datetime | None:
        """Return the first due instant after ``moment`` (aware), in UTC, or None when there is none any more."""
        ...


@attrs.frozen(kw_only=True)
class Every:
    """Recur at a fixed interval, on multiples of it since 1970: restarts and several workers do not shift it."""

    days: int = 0
    hours: int = 0
    minutes: int = 0
    seconds: int = 0

    def __attrs_post_init__(self) -> None:
        if self._interval <= timedelta(0):
            message = f"the interval must be positive, got {self._interval}"
            raise ValueError(message)

    @property
    def _interval(self) -> timedelta:
        return timedelta(days=self.days, hours=self.hours, minutes=self.minutes, seconds=self.seconds)

    def next_after(self, moment: datetime, zone: ZoneInfo) -> datetime | None:  # noqa: ARG002 - an interval is the same in every zone
        """Return the next multiple of the interval."""
        epoch = datetime(1970, 1, 1, tzinfo=UTC)
        return epoch + ((moment - epoch) // self._interval + 1) * self._interval


@attrs.frozen
class Rule:
    """Recur by an RFC 5545 rule on local time: ``Rule("FREQ=DAILY;BYHOUR=2;BYMINUTE=30;BYSECOND=0")`` is half past two, every day.

    On the night when clocks go forward a time that does not exist runs at the instant it would have been; on the night when they go
    back, a time that exists twice runs once, the first time.
    """

    text: str

    def __attrs_post_init__(self) -> None:
        if any(frequency in self.text.upper() for frequency in ("HOURLY", "MINUTELY", "SECONDLY")):
            # On local time such a rule would pause for an hour when clocks go back.
            message = "steps shorter than a day are for Every"
            raise ValueError(message)
        rrulestr(self.text, dtstart=datetime(2000, 1, 1))  # noqa: DTZ001 - rules are on local time; this raises ValueError when unreadable

    def next_after(self, moment: datetime, zone: ZoneInfo) -> datetime | None:
        """Return the next occurrence, in UTC."""
        local = moment.astimezone(zone).replace(tzinfo=None, fold=0)
        # Start two hours earlier, so that a repeated hour is not jumped over.
        candidate = local - timedelta(hours=2)
        rule = rrulestr(self.text, dtstart=self._origin(candidate))
        while (found := rule.after(candidate)) is not None:
            due: datetime = found.replace(tzinfo=zone).astimezone(UTC)
            if due > moment:
                return due
            candidate = found
        return None

    def _origin(self, local: datetime) -> datetime:
        """Count from a fixed Saturday what depends on where it starts, and the rest from not long ago, so that searching is quick."""
        text = self.text.upper()
        if "INTERVAL" in text or "COUNT" in text or ("WEEKLY" in text and "BYDAY" not in text):
            return datetime(2000, 1, 1)  # noqa: DTZ001 - local time
        return datetime(local.year - 1, 1, 1)  # noqa: DTZ001 - local time
