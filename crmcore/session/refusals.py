"""Refusals in the audit: written after what was refused is undone, so that they stay."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import attrs
from sqlalchemy import select

from crmcore.audit import REFUSED
from crmcore.audit.writing import Told, write_apart
from crmcore.model import Entity
from crmcore.storage import translate_errors

if TYPE_CHECKING:
    from crmcore.session.session import Session


@attrs.frozen
class Refusal:
    """What was refused: a change of a record (0 for a new one), and what the audit shows of it."""

    entity: str
    id: int
    changes: Mapping[str, Any]


def audit_refused(session: Session, refusals: Sequence[Refusal]) -> None:
    """Write refusals in a transaction of their own; call it when the unit of work is undone."""
    if told := _told(session, refusals):
        write_apart(session, told)


def audit_now(session: Session, refusals: Sequence[Refusal]) -> None:
    """Write refusals although this transaction goes on; after it, when it has the lock for which another would wait."""
    if session.hosted or session.writing:
        session.asides.wait(_told(session, refusals))
    else:
        audit_refused(session, refusals)


def audit_hidden(session: Session, cls: type[Entity], key: int) -> None:
    """Write down that a limited user asked for a record by its key that is there, and does not exist for that user (S06)."""
    with translate_errors(), session.guard.lifted():
        column = cls.__table__.c.id
        if session.orm.connection().execute(select(column).where(column == key)).first() is None:
            return
    audit_now(session, [Refusal(cls.entity_name(), key, {"code": [None, "ACCESS_DENIED"], "verb": [None, "read"]})])


def _told(session: Session, refusals: Sequence[Refusal]) -> list[Told]:
    """Leave out what this session was refused before: who tries without an end does not fill the disk."""
    return [
        (each.entity, each.id, REFUSED, each.changes)
        for each in refusals
        if session.asides.is_new(REFUSED, each.entity, each.id, str(each.changes))
    ]
