"""What one unit of work knows of characteristics: the definitions that it sees, and what was written automatically in it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final

import attrs

from crmcore.access.showing import CHARACTERISTIC, MAP
from crmcore.catalogues import Subject, mark_of
from crmcore.characteristics.definitions import Definition, DefinitionSet
from crmcore.characteristics.values import Writer, is_automatic, same
from crmcore.model import CharacteristicRow, Entity

if TYPE_CHECKING:
    from crmcore.session import Session

_MEMO: Final = "characteristics"


@attrs.define
class UnitState:
    """Lives as long as the unit of work, and ends with it."""

    definitions: DefinitionSet
    writer: Writer
    automatic: dict[tuple[Entity, str], tuple[str, Any]] = attrs.field(factory=dict)
    """What `set_automatic` wrote: record and key → source and stored value."""
    retyping: set[tuple[str, str]] = attrs.field(factory=set)
    """Entity and key of definitions whose values are being converted."""
    recording: bool = False
    """Whether history will be written at the end of this unit."""

    def of(self, entity: str) -> Mapping[str, Definition]:
        """Return the definitions of an entity."""
        return self.definitions.of(entity)

    def source_of(self, record: Entity, key: str, value: Any, otherwise: str) -> str:  # noqa: ANN401 - any JSON value
        """Return what wrote a value: the source of `set_automatic`, as long as nobody changed the value afterwards."""
        source, written = self.automatic.get((record, key), (otherwise, value))
        return source if same(written, value) else otherwise

    def writers(self, record: Entity, values: Mapping[str, Any]) -> dict[str, Writer]:
        """Return the keys of a record that rules and events wrote."""
        found: dict[str, Writer] = {}
        for (owner, key), (_, written) in self.automatic.items():
            if owner is record and same(written, values.get(key)):
                found[key] = Writer(None, automatic=True)
        return found


def state_of(session: Session) -> UnitState:
    """Return the state of the present unit of work; the first call asks the database for the mark of the definitions."""
    unit = session.unit
    found: UnitState | None = unit.memo.get(_MEMO)
    if found is None:
        present = mark_of(session, Subject.CHARACTERISTICS)
        definitions = session.crm.definitions.read(session.orm.connection(), present, keep=not session.hosted)
        found = unit.memo[_MEMO] = UnitState(definitions, writer_of(session))
    return found


def visible_definitions(session: Session, entity: str) -> Mapping[str, Definition]:
    """Return the definitions of an entity that the actor sees: by its groups, and as far as the mask of its profile does not hide them."""
    state, hidden = state_of(session), session.hidden(entity)
    if MAP in hidden:
        return {}
    groups = state.writer.groups
    return {key: each for key, each in state.of(entity).items() if each.visible_to(groups) and CHARACTERISTIC + key not in hidden}


def writer_of(session: Session) -> Writer:
    """Return on whose behalf a session writes."""
    system = session.actor.is_system
    reach = None if system or not session.guard.reach.masks else session.guard.reach
    return Writer(None if system else session.groups(), automatic=system and is_automatic(session.source), reach=reach)


def overlay(session: Session, rows: Iterable[CharacteristicRow], gone: Collection[CharacteristicRow] = ()) -> DefinitionSet:
    """See rows that are not written yet; the rest of the unit goes on with them, and nobody else does."""
    state = state_of(session)
    state.definitions = session.crm.definitions.with_rows(session.orm.connection(), rows, gone)
    return state.definitions
