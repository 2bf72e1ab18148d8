"""What the agenda asks of other plugins."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date
from decimal import Decimal

import attrs

from crmcore import Session, hookspec


@attrs.frozen(kw_only=True)
class FeedItem:
    """Something that waits to be dealt with, such as an open item; ``settled`` says why it does not any more."""

    key: str
    account_id: int
    due_on: date
    amount: Decimal
    label: str = ""
    settled: str = ""


@hookspec
def agenda_feed(session: Session, feed: str, keys: Collection[str], until: date) -> Iterable[FeedItem] | None:
    """Return what a feed, ``<plugin>.<name>``, has that was due by a day, and the items with these keys, settled or not.

    Called by the job that runs recurring activities, once for each rule with a feed, as the system and in the transaction of the job. The
    plugin whose feed it is answers, all others return None. An item of ``keys`` that is not returned counts as gone: its action is
    cancelled. Raising makes the job fail, and it is tried again.

    Example::

        @hookimpl
        def agenda_feed(session, feed, keys, until):
            return open_items(session, keys, until) if feed == "turnover.open_items" else None
    """
