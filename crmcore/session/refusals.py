"""Refusals in the audit: written after what was refused is undone, so that they stay."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import attrs
from sqlalchemy import Connection, insert

from crmcore.model import AUDIT
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
            _write(session.orm.connection(), session, refusals)
            session.orm.commit()
            return
        with write_transaction(session.crm.engine) as connection:
            _write(connection, session, refusals)


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
