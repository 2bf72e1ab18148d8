"""Refusals in the audit: written after what was refused is undone, so that they stay."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import attrs
from sqlalchemy import Connection, insert, select

from crmcore.model import AUDIT, Entity
from crmcore.storage import translate_errors, write_transaction

if TYPE_CHECKING:
    from crmcore.session.session import Session

_REFUSED: Final = "refused"


@attrs.frozen
class Refusal:
    """What was refused: a change of a record (0 for a new one), and what the audit shows of it."""

    entity: str
    id: int
    changes: Mapping[str, Any]


def audit_refused(session: Session, refusals: Sequence[Refusal]) -> None:
    """Write refusals in a transaction of their own; call it when the unit of work is undone."""
    with translate_errors():
        if session.hosted:
            # A second connection could wait for the host's for ever; like everything there, this lasts if the host commits.
            with session.guard.lifted():
                _write(session.orm.connection(), session, refusals)
                session.guard.leave()
                session.orm.commit()
            return
        with write_transaction(session.crm.engine) as connection:
            _write(connection, session, refusals)


def audit_hidden(session: Session, cls: type[Entity], key: int) -> None:
    """Write down that a user asked for a record by its key that is there, and does not exist for that user (S06)."""
    guard = session.guard
    with translate_errors(), guard.lifted():
        connection = session.orm.connection()
        column = cls.__table__.c.id
        if not guard.limited or connection.execute(select(column).where(column == key)).first() is None:
            return
        refusal = Refusal(cls.entity_name(), key, {"code": [None, "ACCESS_DENIED"], "verb": [None, "read"]})
        if session.hosted or session.writing:
            # This transaction has the lock: another would wait for it.
            _write(connection, session, [refusal])
            return
    audit_refused(session, [refusal])


def _write(connection: Connection, session: Session, refusals: Sequence[Refusal]) -> None:
    rows = [
        {
            "at": session.now(),
            "actor": session.actor.name,
            "device": session.actor.device,
            "source": session.source,
            "correlation_id": session.unit.cause.correlation_id,
            "entity": each.entity,
            "entity_id": each.id,
            "verb": _REFUSED,
            "changes": each.changes,
        }
        for each in refusals
    ]
    connection.execute(insert(AUDIT), rows)
