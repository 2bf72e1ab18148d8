"""Time and identity, injected: nothing in the product reads the wall clock or draws a random id by itself."""

from __future__ import annotations

import random
import threading
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol

_RANDOM_BITS: Final = 74


class Clock(Protocol):
    """Tell the time as an aware instant in UTC."""

    def now(self) -> datetime:
        """Return the present instant, in UTC."""
        ...


class SystemClock:
    """The clock of the machine."""

    def now(self) -> datetime:
        """Return the present instant, in UTC."""
        return datetime.now(UTC)


class FrozenClock:
    """A clock that stands still until it is told: thirty days pass in no time."""

    def __init__(self, at: datetime) -> None:
        self._lock = threading.Lock()
        self._now = _aware(at)

    def now(self) -> datetime:
        """Return the instant at which the clock stands."""
        with self._lock:
            return self._now

    def freeze(self, at: datetime) -> None:
        """Set the clock to an aware instant, also an earlier one."""
        with self._lock:
            self._now = _aware(at)

    def advance(self, by: timedelta) -> None:
        """Move the clock forward."""
        with self._lock:
            self._now += by


def _aware(at: datetime) -> datetime:
    if at.tzinfo is None:
        message = f"{at!r} has no time zone; instants are aware"
        raise ValueError(message)
    return at.astimezone(UTC)


class Ids:
    """Draw UUIDv7 (RFC 9562): 48 bits of milliseconds, then random ones, rising within one process.

    With a ``seed`` the same calls at the same frozen times give the same ids, so that a test gets the same log each time.
    """

    def __init__(self, clock: Clock, seed: int | None = None) -> None:
        self._clock = clock
        self._random = random.SystemRandom() if seed is None else random.Random(seed)  # noqa: S311 - seeded only in tests
        self._lock = threading.Lock()
        self._last = 0

    def uuid7(self) -> str:
        """Return the next id, as 36 characters of text."""
        milliseconds = int(self._clock.now().timestamp() * 1000)
        bits = self._random.getrandbits(_RANDOM_BITS)
        value = (milliseconds & (2**48 - 1)) << 80 | 7 << 76 | (bits >> 62) << 64 | 2 << 62 | bits & (2**62 - 1)
        with self._lock:
            if value <= self._last:
                value = self._next(self._last)
            self._last = value
        # `uuid.UUID` would do the same in three times the time, and every record costs two of them.
        text = f"{value:032x}"
        return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"

    @staticmethod
    def _next(last: int) -> int:
        # The low 62 bits count on; an overflow would need 2**61 ids in one millisecond.
        return (last >> 62) << 62 | ((last & (2**62 - 1)) + 1) & (2**62 - 1)
