"""Kinds of mass changes: which fields they may write, what they refuse, and what history they leave."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import attrs
from sqlalchemy import insert, literal, select

from crmcore.changesets.rows import table_of
from crmcore.changesets.values import Seen
from crmcore.changesets.writers import FieldWriter
from crmcore.errors import Problem, UsageError
from crmcore.model import CharacteristicChange, Entity

if TYPE_CHECKING:
    from crmcore.changesets.bulk import Written
    from crmcore.session import Session

Check = Callable[["Session", type[Entity], Sequence[Seen]], Mapping[int, Problem]]
"""Returns what is refused, by position; called at the preview, for a few thousand wishes at a time."""


def allow(session: Session, cls: type[Entity], wishes: Sequence[Seen]) -> Mapping[int, Problem]:
    """Refuse nothing."""
    del session, cls, wishes
    return {}


def no_basis(session: Session, cls: type[Entity]) -> str:
    """Depend on nothing but the records."""
    del session, cls
    return ""


def no_history(written: Written) -> None:
    """Leave no history beside the audit."""
    del written


@attrs.frozen(kw_only=True)
class Kind:
    """A kind of mass change.

    ``check`` must say everything that the core's rules would say of the same change made by hand: one statement for many records does not
    pass through them (see `api`). ``basis`` names what the check depended on, such as a digest of definitions: when it differs at the
    confirmation, the whole set is refused and has to be previewed again. ``history`` writes further history of what one statement wrote, in
    as few statements. ``permission`` is asked at every step, if there is one.
    """

    name: str
    writer: FieldWriter
    check: Check = allow
    basis: Callable[[Session, type[Entity]], str] = no_basis
    history: Callable[[Written], None] = no_history
    permission: str | None = None


def characteristic_history(written: Written) -> None:
    """Write one row for each changed characteristic, with the source of the session (C09)."""
    session, item, table = written.session, written.items, table_of(CharacteristicChange)
    now, actor = literal(session.now(), table.c.at.type), literal(session.actor.name)
    values = {
        "entity": item.c.entity,
        "record_id": item.c.record_id,
        "key": item.c.field,
        "old": item.c.old,
        "new": item.c.new,
        "at": now,
        "actor": actor,
        "source": literal(session.source),
        "version": literal(1),
        "created_at": now,
        "created_by": actor,
        "updated_at": now,
        "updated_by": actor,
    }
    rows = select(*(value.label(name) for name, value in values.items())).select_from(item).order_by(item.c.record_id)
    written.connection.execute(insert(table).from_select(list(values), rows))


def kinds() -> Mapping[str, Kind]:
    """Return the kinds of the core by name."""
    # Imported when asked for: the packages that own the kinds use this one.
    from crmcore.characteristics.mass import CHARACTERISTICS  # noqa: PLC0415
    from crmcore.territory.kinds import SELLERS, SITE_ZONES  # noqa: PLC0415

    return {kind.name: kind for kind in (CHARACTERISTICS, SELLERS, SITE_ZONES)}


def kind_of(name: str) -> Kind:
    """Return a kind by name.

    Raises:
        UsageError: ``CHANGE_SET_KIND`` when there is none.
    """
    found = kinds()
    if name not in found:
        raise UsageError("CHANGE_SET_KIND", name=name, known=", ".join(sorted(found)))
    return found[name]
