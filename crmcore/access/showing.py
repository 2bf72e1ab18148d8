"""What is shown of records: everything but the fields that the mask of a profile hides (A05).

A record has all of its values, also for a user from whom some are hidden: what is derived from them is the same whoever saves. So whoever
hands a record on, to a screen, a file or a message, hands on what `Session.shown` makes of it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import lru_cache
from types import FunctionType, MappingProxyType, MethodType
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

from sqlalchemy import String, inspect, literal

from crmcore.access.hiding import HiddenColumns, named_fields
from crmcore.errors import AccessDenied
from crmcore.model import Entity, Json, JsonMap

if TYPE_CHECKING:
    from sqlalchemy import Executable

    from crmcore.access.reach import Reach
    from crmcore.registry import Registry
    from crmcore.session.session import Session

E = TypeVar("E", bound=Entity)
Masks = Mapping[str, frozenset[str]]

CHARACTERISTIC: Final = "c."
MAP: Final = "characteristics"
_NOTHING: Final[frozenset[str]] = frozenset()
_NO_MASKS: Final[Masks] = MappingProxyType({})


def masks_of(session: Session) -> Masks:
    """Return the fields that are hidden from the actor by entity: columns, and characteristics as ``c.<key>``; mostly there are none.

    Nothing is hidden while the platform is at work: rules and hooks need the values, whoever saves.
    """
    if session.actor.is_system or session.guard.lifts:
        return _NO_MASKS
    reach = session.guard.reach
    if not reach.masks:
        return _NO_MASKS
    if session.masks is None or session.masks[0] is not reach:
        session.masks = (reach, _masks(reach, session.registry))
    return session.masks[1]


def _masks(reach: Reach, registry: Registry) -> Masks:
    """Return what the masks of a profile hide, and the copies of it that other entities keep."""
    found = {entity: hidden for entity in reach.masks if (hidden := reach.hidden(entity))}
    copies: dict[str, set[str]] = {}
    for entity, cls in registry.entities.items():
        for column, sources in cls.__copies__.items():
            if _keeps(sources, found):
                copies.setdefault(entity, set()).add(column)
    return {entity: found.get(entity, _NOTHING) | copies.get(entity, set()) for entity in {*found, *copies}}


def _keeps(sources: Sequence[str], hidden: Masks) -> bool:
    if not sources:
        return bool(hidden)
    named = ((source.partition(":")[0], source.partition(":")[2]) for source in sources)
    return any(field in hidden[entity] if field else True for entity, field in named if entity in hidden)


class _Names(frozenset[str]):
    """Names of hidden fields, in which each characteristic is when all of them are."""

    def __contains__(self, name: object) -> bool:
        return super().__contains__(name) or (isinstance(name, str) and name.startswith(CHARACTERISTIC) and super().__contains__(MAP))


def hidden_names(session: Session, entity: str) -> frozenset[str]:
    """Return what is hidden of an entity, to look names of fields up in, ``c.<key>`` among them."""
    return _Names(masks_of(session).get(entity, _NOTHING))


def without(values: Any, hidden: Collection[str]) -> Any:  # noqa: ANN401 - whatever a journal keeps: mostly values by field
    """Return values by field without the hidden ones, and without the hidden ones among characteristics."""
    if not isinstance(values, Mapping):
        return values
    found = {name: value for name, value in values.items() if name not in hidden}
    if isinstance(found.get(MAP), Mapping):
        found[MAP] = {key: value for key, value in found[MAP].items() if CHARACTERISTIC + key not in hidden}
    return found


def pairs_without(changes: Mapping[str, Any], hidden: Collection[str]) -> dict[str, Any]:
    """Return changes, old and new value by field, without the hidden ones, and without the hidden ones among characteristics."""
    found = {name: pair for name, pair in changes.items() if name not in hidden}
    if isinstance(found.get(MAP), list | tuple):
        found[MAP] = [without({MAP: value}, hidden)[MAP] for value in found[MAP]]
    return found


def require_shown(session: Session, cls: type[Entity], fields: Iterable[str]) -> None:
    """Refuse who may not see some fields.

    Raises:
        AccessDenied: ``FIELD_HIDDEN`` with the first of them.
    """
    hidden = masks_of(session).get(cls.entity_name(), _NOTHING)
    for field in fields:
        if field in hidden:
            raise AccessDenied("FIELD_HIDDEN", entity=cls.entity_name(), field=field, profile=session.guard.reach.profile or "")


def shown_columns(session: Session, columns: Sequence[Any]) -> list[Any]:
    """Return columns of entities for a query, an empty value under its name for each that is hidden."""
    masks = masks_of(session)
    return [_shown_column(column, masks) for column in columns] if masks else list(columns)


def _shown_column(column: Any, masks: Masks) -> Any:  # noqa: ANN401 - what stands for a column
    cls: Any = inspect(column).parent.class_
    hidden, name = masks.get(cls.entity_name(), _NOTHING), column.key
    if name in hidden:
        return literal(_empty(cls, name), cls.__table__.c[name].type).label(name)
    if name == MAP and any(each.startswith(CHARACTERISTIC) for each in hidden):
        message = "characteristics are read one by one, with `session.search.values`, where some of them are hidden"
        raise TypeError(message)
    return column


def refuse_hidden(session: Session, statement: Executable) -> None:
    """Refuse a query that would tell of hidden columns.

    Raises:
        AccessDenied: ``FIELD_HIDDEN`` with the entity and the field.
    """
    masks = masks_of(session)
    if not masks:
        return
    # A mask may outlive the plugin that it is about.
    tables = {cls.__tablename__: entity for entity in masks if (cls := session.registry.entities.get(entity)) is not None}
    columns: HiddenColumns = {
        table: {MAP if field.startswith(CHARACTERISTIC) else field: field for field in sorted(masks[entity])}
        for table, entity in tables.items()
    }
    for table, field in named_fields(statement, columns):
        raise AccessDenied("FIELD_HIDDEN", entity=tables[table], field=field, profile=session.guard.reach.profile or "")


class Showing:
    """Reads like a record of which some fields were never filled: texts and mappings that must be there are empty, the rest is None."""

    __slots__ = ("_masks", "_record")

    def __init__(self, record: Entity, masks: Masks) -> None:
        object.__setattr__(self, "_record", record)
        object.__setattr__(self, "_masks", masks)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the record has
        record, masks = self._record, self._masks
        cls: type[Entity] = type(record)
        hidden = masks.get(cls.entity_name(), _NOTHING)
        if name in hidden:
            return _empty(cls, name)
        found = getattr(cls, name, None)
        # What the class computes is computed of what is shown.
        if isinstance(found, property) and found.fget is not None:
            return found.fget(self)
        if isinstance(found, FunctionType):
            return MethodType(found, self)
        value = getattr(record, name)
        if name == MAP:
            return without({MAP: value}, hidden)[MAP]
        if isinstance(value, list):
            return [Showing(each, masks) if isinstance(each, Entity) else each for each in value]
        return Showing(value, masks) if isinstance(value, Entity) else value

    def __setattr__(self, name: str, value: object) -> None:
        message = f"{name} is set on the record, not on what is shown of it"
        raise AttributeError(message)

    def __repr__(self) -> str:
        return repr(self._record)


def shown(session: Session, record: E) -> E:
    """Return what is shown of a record: for who has no mask the record itself."""
    masks = masks_of(session)
    # It reads like the record, which is all that is promised.
    return cast("E", Showing(record, masks)) if masks else record


@lru_cache(maxsize=4096)
def _empty(cls: type[Entity], name: str) -> Any:  # noqa: ANN401 - by the type of the column
    column = inspect(cls).columns[name]
    if column.nullable:
        return None
    if isinstance(column.type, JsonMap):
        return MappingProxyType({})
    if isinstance(column.type, Json):
        return ()
    return "" if isinstance(column.type, String) else None
