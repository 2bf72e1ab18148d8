"""Rows that the platform writes about itself: refusals, reads, redactions, expiry."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection

from crmcore.model import AUDIT
from crmcore.storage import NewRows, insert_rows, translate_errors, write_transaction

if TYPE_CHECKING:
    from crmcore.session import Session

Told = tuple[str, int, str, Mapping[str, Any]]
"""Entity, key (0 for a record that has none yet), verb, and what is told."""

_NAMES = ("at", "actor", "device", "source", "correlation_id", "entity", "entity_id", "verb", "changes")


def write_rows(connection: Connection, session: Session, told: Iterable[Told]) -> None:
    """Write rows about what a session does, in one statement."""
    about = (session.now(), session.actor.name, session.actor.device, session.source, session.unit.cause.correlation_id)
    insert_rows(connection, [NewRows(AUDIT, _NAMES, [(*about, *each) for each in told])])


def write_apart(session: Session, told: Iterable[Told]) -> None:
    """Write rows in a transaction of their own, so that they stay whatever the session does; call it when its own is over.

    On a host's connection they last if the host commits: a second connection could wait for the host's for ever.
    """
    with translate_errors():
        if session.hosted:
            with session.guard.lifted():
                write_rows(session.orm.connection(), session, told)
                session.guard.leave()
                session.orm.commit()
            return
        with write_transaction(session.crm.engine) as connection:
            write_rows(connection, session, told)
