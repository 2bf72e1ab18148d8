"""The kinds of mass changes that there are, and the history of characteristics that were changed in mass."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from sqlalchemy import insert, literal, select

from crmcore.changesets.rows import table_of
from crmcore.errors import UsageError
from crmcore.hooks.changing import Kind
from crmcore.model import CharacteristicChange

if TYPE_CHECKING:
    from crmcore.changesets.bulk import Written
    from crmcore.session import Session

__all__ = ["Kind", "characteristic_history", "kind_of", "kinds"]


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
    from crmcore.states.mass import STATES  # noqa: PLC0415
    from crmcore.territory.kinds import SELLERS, SITE_ZONES  # noqa: PLC0415

    return {kind.name: kind for kind in (CHARACTERISTICS, SELLERS, SITE_ZONES, STATES)}


def kind_of(session: Session, name: str) -> Kind:
    """Return a kind by name, of the core or of an enabled plugin.

    Raises:
        UsageError: ``CHANGE_SET_KIND`` when there is none.
    """
    declared = session.registry.change_kinds
    if name in declared:
        return declared[name].kind
    found = kinds()
    if name not in found:
        raise UsageError("CHANGE_SET_KIND", name=name, known=", ".join(sorted({*found, *declared})))
    return found[name]
