"""The audit, as a session offers it to administrators.

::

    for entry in s.audit.list(entity="account", id=5):
        print(entry.at, entry.actor, entry.verb, entry.changes)
    s.audit.verify().sound
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING

import attrs

from crmcore.access.showing import hidden_names, pairs_without
from crmcore.audit import entries
from crmcore.audit.chain import Head, Sealed, heads, is_settled, mark, seal
from crmcore.audit.entries import FORMATS, Entry, Wanted
from crmcore.audit.redaction import redact
from crmcore.audit.verifying import Verdict, verify
from crmcore.errors import AccessDenied, RecordNotFound, UsageError

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from crmcore.session import Session

_PAGE = 100
_LARGEST_PAGE = 1_000


class AuditApi:
    """Who changed, read or was refused what; see the module."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def list(
        self,
        *,
        entity: str | None = None,
        id: int | None = None,  # noqa: A002 - as everywhere
        actor: str | None = None,
        verbs: Collection[str] = (),
        since: datetime | None = None,
        before: datetime | None = None,
        limit: int = _PAGE,
        after: int | None = None,
    ) -> tuple[Entry, ...]:
        """Return entries, newest first; ``after`` is the key of the last one of the page before.

        Raises:
            AccessDenied: ``ADMINISTRATOR_NEEDED``.
            UsageError: ``QUERY_PAGE`` when the limit is not from 1 to 1,000.
        """
        self._require_right()
        if not 1 <= limit <= _LARGEST_PAGE:
            raise UsageError("QUERY_PAGE", most=_LARGEST_PAGE, value=limit)
        wanted = Wanted(entity=entity, id=id, actor=actor, verbs=verbs, since=since, before=before)
        with self._session.guard.lifted():
            found = entries.page(self._connection, wanted, limit=limit, after=after)
        return tuple(map(self._shown, found))

    def get(self, key: int) -> Entry:
        """Return one entry.

        Raises:
            AccessDenied: ``ADMINISTRATOR_NEEDED``.
            RecordNotFound: ``NOT_FOUND``.
        """
        self._require_right()
        with self._session.guard.lifted():
            row = self._connection.execute(entries.by_key(key)).first()
            if row is None:
                raise RecordNotFound("NOT_FOUND", entity="audit", id=key)
            found = entries.entry_of(self._connection, row)
        return self._shown(found)

    def export(
        self,
        form: str = "jsonl",
        *,
        entity: str | None = None,
        id: int | None = None,  # noqa: A002 - as above
        actor: str | None = None,
        since: datetime | None = None,
        before: datetime | None = None,
    ) -> Iterator[str]:
        """Yield entries as lines of "jsonl" or "csv", oldest first; each has the hash by which the chain knows it.

        Raises:
            AccessDenied: ``ADMINISTRATOR_NEEDED``.
            UsageError: ``AUDIT_FORMAT``.
        """
        self._require_right()
        if form not in FORMATS:
            raise UsageError("AUDIT_FORMAT", form=form, known=", ".join(FORMATS))
        wanted = Wanted(entity=entity, id=id, actor=actor, since=since, before=before)
        return entries.lines(self._all(wanted), form)

    def _all(self, wanted: Wanted) -> Iterator[Entry]:
        last = 0
        while True:
            # Not around the `yield`: whoever takes the lines works on as the user that is.
            with self._session.guard.lifted():
                found = entries.chunk(self._connection, wanted, last)
            yield from map(self._shown, found)
            if not found:
                return
            last = found[-1].id

    def heads(self) -> tuple[Head, ...]:
        """Return the newest block of each chain: keep them elsewhere.

        Raises:
            AccessDenied: ``ADMINISTRATOR_NEEDED``.
        """
        self._require_right()
        with self._session.guard.lifted():
            return heads(self._connection)

    def verify(self, known: Iterable[Head | str] = ()) -> Verdict:
        """Check every row and every block, and that heads that were kept elsewhere are still in the chain.

        Raises:
            AccessDenied: ``ADMINISTRATOR_NEEDED``.
            UsageError: ``AUDIT_HEAD_INVALID``.
        """
        self._require_right()
        kept = [_head(each) if isinstance(each, str) else each for each in known]
        with self._session.guard.lifted():
            return verify(self._connection, kept)

    def seal(self) -> Sealed:
        """Chain what can be chained by now, in this transaction; the job ``core.audit_seal`` does it four times a day.

        Rows that a running transaction might still come between are left for later.

        Raises:
            AccessDenied: ``ADMINISTRATOR_NEEDED``.
        """
        self._require_right()
        self._session.take_write_lock()
        with self._session.guard.lifted():
            here = mark(self._connection)
            if not is_settled(self._connection, here):
                return Sealed((), 0, more=True, until=0)
            return seal(self._connection, here.until, self._session.now())

    def redact(self, rows: Collection[int], *, entity: str, key: int, reason: str, fields: Collection[str] | None = None) -> int:
        """Take values out of entries for the sake of a record, and return how many entries had any; see `crmcore.audit.redact`.

        Raises:
            AccessDenied: ``ADMINISTRATOR_NEEDED``.
        """
        self._require_right()
        return redact(self._session, rows, entity=entity, key=key, reason=reason, fields=fields)

    def _shown(self, entry: Entry) -> Entry:
        """Return an entry without the values that are hidden from the actor: administrators may have a mask, too."""
        hidden = hidden_names(self._session, entry.entity)
        return attrs.evolve(entry, changes=pairs_without(entry.changes, hidden)) if hidden else entry

    @property
    def _connection(self) -> Connection:
        return self._session.orm.connection()

    def _require_right(self) -> None:
        if not self._session.guard.reach.administrator:
            raise AccessDenied("ADMINISTRATOR_NEEDED")


def _head(written: str) -> Head:
    found = Head.of(written)
    if found is None:
        raise UsageError("AUDIT_HEAD_INVALID", value=written[:100])
    return found
