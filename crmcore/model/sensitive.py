"""Records of which the audit says who read them: their loading is told to the session that loads them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import event

if TYPE_CHECKING:
    from sqlalchemy.orm import QueryContext

    from crmcore.model.base import Entity


def watch_reads(cls: type[Entity]) -> None:
    """Have each record of a sensitive entity told when it is loaded; others cost nothing."""
    flag = cls.__sensitive__
    if not flag:
        return
    if isinstance(flag, str) and flag not in cls.__table__.c:
        message = f"__sensitive__ of {cls.__name__} names {flag!r}, which is no column of {cls.__tablename__}"
        raise TypeError(message)
    entity = cls.entity_name()

    def on_load(record: Any, context: QueryContext) -> None:  # noqa: ANN401 - any record
        # Of a flag that was left out of the query nobody knows: then it counts as set.
        if flag is True or record.__dict__.get(flag, True):
            tell = getattr(context.session, "reads", None)
            if tell is not None:
                tell(entity, record.__dict__["id"])

    event.listen(cls, "load", on_load)
