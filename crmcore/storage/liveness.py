"""Pooled connections that the server has closed meanwhile are replaced before anybody gets them."""

from __future__ import annotations

import select
import time
from typing import Any, Final

from sqlalchemy import Engine, event
from sqlalchemy.exc import InvalidatePoolError

_LEFT: Final = "crmcore_left"
"""Key in a pooled connection's ``info``: when it came back to the pool."""
_FRESH: Final = 30.0
"""Seconds for which a connection that nobody closed is believed to lead somewhere."""


def replace_broken(engine: Engine) -> None:
    """Look at a connection before it is used: a question to the server costs a trip, and whether it has hung up is known without one.

    A line that was cut without a word, as firewalls do with those that are idle for long, shows only when something is sent: those that
    were idle for a while are asked.
    """

    @event.listens_for(engine, "checkin")
    def on_checkin(_raw: object, record: Any) -> None:  # noqa: ANN401 - the pool's record of it
        record.info[_LEFT] = time.monotonic()

    @event.listens_for(engine, "checkout")
    def on_checkout(raw: Any, record: Any, _proxy: object) -> None:  # noqa: ANN401 - the driver's connection, and as above
        left = record.info.pop(_LEFT, None)
        if left is None or (time.monotonic() - left < _FRESH and not _has_news(raw.fileno())):
            return
        try:
            engine.dialect.do_ping(raw)
        except engine.dialect.loaded_dbapi.Error as error:
            raise InvalidatePoolError from error


def _has_news(descriptor: int) -> bool:
    """Return whether there is something to read on an idle line: as a rule, that it ends."""
    waiting = select.poll()
    waiting.register(descriptor, select.POLLIN)
    return bool(waiting.poll(0))
