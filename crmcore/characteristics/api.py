"""Characteristics as `session.characteristics`: definitions, typed values, history, mass maintenance and changes of type.

How to use it::

    s.characteristics.define(CharacteristicDef(key="consumo_kwh", label=Label("Consumo", "Consumption"), type="decimal", unit="kWh"))
    s.characteristics.set(account, "consumo_kwh", Decimal("5400.50"))
    s.characteristics.get(account, "consumo_kwh")        # Decimal("5400.5"); None means that it is not known
    s.commit()

    preview = s.characteristics.preview(keys, "consumo_kwh", 0)      # mass maintenance: `session.changesets` confirms and undoes it
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import attrs
from sqlalchemy import select

from crmcore.access.showing import CHARACTERISTIC, MAP, hidden_names
from crmcore.characteristics.definitions import Definition, options_of, spec_of
from crmcore.characteristics.indexes import Synced, sync_indexes
from crmcore.characteristics.mass import CHARACTERISTICS, plan
from crmcore.characteristics.retyping import TypeChange, apply_type_change, plan_type_change
from crmcore.characteristics.scope import account_of, read_places
from crmcore.characteristics.state import overlay, state_of, visible_definitions
from crmcore.characteristics.values import is_automatic, unknown
from crmcore.errors import UsageError, ValidationFailed
from crmcore.hooks import CharacteristicDef
from crmcore.labels import Label
from crmcore.model import CharacteristicChange, CharacteristicRow, Entity

if TYPE_CHECKING:
    from crmcore.changesets import Planned, Preview
    from crmcore.characteristics.authoring import RulesApi
    from crmcore.session import Session

ACCOUNT = "account"


class CharacteristicsApi:
    """Characteristics of a session; see the module."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._warned: tuple[object, list[Label]] = (None, [])

    @cached_property
    def rules(self) -> RulesApi:
        """The rules, for whoever writes them: checks, samples, references, rehearsals."""
        from crmcore.characteristics.authoring import RulesApi  # noqa: PLC0415 - it needs the engine, and few sessions need it

        return RulesApi(self._session)

    @property
    def warnings(self) -> tuple[Label, ...]:
        """What rules had to say of the values of the present unit of work, or of the last one that had some; nothing was refused for it."""
        return tuple(self._warned[1])

    def warn(self, texts: Sequence[Label]) -> None:
        """Keep warnings of rules; for the platform's own modules."""
        unit = self._session.unit
        if texts and self._warned[0] is not unit:
            self._warned = (unit, [])
        self._warned[1].extend(each for each in texts if each not in self._warned[1])

    # Definitions

    def definitions(
        self, entity: str = ACCOUNT, *, printable: bool | None = None, mobile: bool | None = None, searchable: bool | None = None
    ) -> tuple[Definition, ...]:
        """Return the definitions that the actor sees, in order; the flags narrow them to what is printed, sent to phones, searched."""
        wanted = {"printable": printable, "mobile": mobile, "searchable": searchable}
        asked = {name: value for name, value in wanted.items() if value is not None}
        return tuple(
            each
            for each in self._visible(entity).values()
            if not each.obsolete and all(getattr(each.spec, name) == value for name, value in asked.items())
        )

    def definition(self, key: str, entity: str = ACCOUNT) -> Definition:
        """Return one definition, also an obsolete one.

        Raises:
            ValidationFailed: ``CHARACTERISTIC_UNKNOWN``, also when the actor may not see it.
        """
        visible = self._visible(entity)
        if key not in visible:
            raise ValidationFailed("VALIDATION_FAILED", [unknown(entity, key, visible)])
        return visible[key]

    def define(self, spec: CharacteristicDef, *, position: int = 0) -> CharacteristicRow:
        """Add a definition; it may be used at once in this session, and by all when it is committed.

        It is checked at the flush: ``CHARACTERISTIC_INVALID``, ``CHARACTERISTIC_DECLARED``, ``CHARACTERISTIC_CYCLE``, ``SCRIPT_INVALID``.
        """
        row = CharacteristicRow(
            entity=spec.entity,
            key=spec.key,
            type=spec.type,
            label_it=spec.label.it,
            label_en=spec.label.en,
            definition=options_of(spec),
            position=position,
        )
        return self._pending(self._session.add(row))

    # Attributes of `CharacteristicDef`, each of its own type.
    def update(self, key: str, entity: str = ACCOUNT, *, position: int | None = None, **changes: Any) -> CharacteristicRow:  # noqa: ANN401
        """Change attributes of a definition, such as ``label``, ``mandatory`` or ``choices``; not its entity, key and type.

        A choice is withdrawn by marking it as obsolete: old records go on showing it.
        """
        row = self._row(key, entity)
        spec = attrs.evolve(spec_of(row), **changes)
        row.type, row.label_it, row.label_en = spec.type, spec.label.it, spec.label.en
        row.definition = options_of(spec)
        if position is not None:
            row.position = position
        return self._pending(row)

    def obsolete(self, key: str, entity: str = ACCOUNT) -> CharacteristicRow:
        """Take no more values for a definition; the old ones stay readable."""
        row = self._row(key, entity)
        row.obsolete = True
        return self._pending(row)

    def restore(self, key: str, entity: str = ACCOUNT) -> CharacteristicRow:
        """Take values again for an obsolete definition."""
        row = self._row(key, entity)
        row.obsolete = False
        return self._pending(row)

    def plan_type_change(self, key: str, new: str, entity: str = ACCOUNT, **changes: Any) -> TypeChange:  # noqa: ANN401 - as `update`
        """Return what changing the type of a definition would do; nothing is written (I-12).

        ``changes`` are attributes that the new type needs, such as ``choices`` or ``target``. A value converts when nothing of it is lost:
        the ones that do not are listed, and have to be corrected or cleared first.
        """
        return plan_type_change(self._session, self._row(key, entity), new, changes)

    def apply_type_change(self, planned: TypeChange) -> int:
        """Change the type of a definition and convert its values, in this transaction; return how many records were converted.

        Raises:
            ValidationFailed: ``CHARACTERISTIC_UNCONVERTIBLE`` for each value that does not convert now; nothing is changed then.
        """
        return apply_type_change(self._session, self._row(planned.key, planned.entity), planned)

    def sync_indexes(self) -> Synced:
        """Make the database have the indexes that definitions and list views ask for; part of this transaction."""
        from crmcore.query.views import view_indexes  # noqa: PLC0415 - searching builds on characteristics

        session = self._session
        session.flush()
        session.take_write_lock()
        return sync_indexes(session.orm.connection(), session.registry, state_of(session).definitions, view_indexes(session))

    # Values

    def get(self, record: Entity, key: str) -> Any:  # noqa: ANN401 - typed by the definition
        """Return the typed value; None when it is not known, or the record is outside the scope of the definition.

        Raises:
            ValidationFailed: ``CHARACTERISTIC_UNKNOWN``.
        """
        definition = self.definition(key, record.entity_name())
        return self._values(record, [definition]).get(key)

    def values(self, record: Entity, *, printable: bool | None = None, mobile: bool | None = None) -> dict[str, Any]:
        """Return the typed values that the actor may see of a record, in order of the definitions; obsolete ones among them."""
        wanted = {"printable": printable, "mobile": mobile}
        chosen = [
            each
            for each in self._visible(record.entity_name()).values()
            if all(value is None or getattr(each.spec, name) == value for name, value in wanted.items())
        ]
        return self._values(record, chosen)

    def set(self, record: Entity, key: str, value: object) -> None:
        """Set one value; None removes it. It is checked when it is written, together with everything else."""
        definition = state_of(self._session).of(record.entity_name()).get(key)
        _put(record, key, _brought(definition, value))

    def set_automatic(self, record: Entity, key: str, value: object, source: str) -> None:
        """Set one value on behalf of a rule or an event, also where people may not (C09, I-13).

        ``source`` is ``rule:<id>`` or ``event:<type>``, and is what history shows.

        Raises:
            UsageError: ``CHARACTERISTIC_SOURCE`` for any other source.
        """
        if not is_automatic(source):
            raise UsageError("CHARACTERISTIC_SOURCE", source=source)
        state = state_of(self._session)
        brought = _brought(state.of(record.entity_name()).get(key), value)
        state.automatic[record, key] = (source, brought)
        _put(record, key, brought)

    def fill_defaults(self, record: Entity) -> None:
        """Give a new account the defaults of definitions that are bound to where it is; call it once it has its portfolios.

        Defaults of definitions that are bound to nothing are filled by themselves.
        """
        state, entity = state_of(self._session), record.entity_name()
        bound = [
            each
            for key, each in state.of(entity).items()
            if each.bound and not each.obsolete and each.spec.default is not None and key not in _map(record)
        ]
        account = account_of(record)
        if not bound or account is None:
            return
        places = read_places(self._session, bound, {account})
        for each in bound:
            if places.contain(each, account):
                self.set_automatic(record, each.key, each.spec.default, "rule:default")

    def history(self, record: Entity, key: str | None = None) -> Sequence[CharacteristicChange]:
        """Return what happened to the values of a record, or to one of them, the newest first; only what the actor may see."""
        change = CharacteristicChange
        entity = record.entity_name()
        visible = self._visible(entity)
        query = select(change).where(change.entity == entity, change.record_id == record.id).order_by(change.at.desc(), change.id.desc())
        if key is not None:
            query = query.where(change.key == key)
        known, hidden = state_of(self._session).of(entity), hidden_names(self._session, entity)
        # History is the platform's, and exists for no user; the record does, or the actor would not have it.
        with self._session.guard.lifted():
            told = self._session.scalars(query).all()
        # What is defined no more is hidden from nobody by its groups; a mask may still name it.
        return [each for each in told if each.key in visible or (each.key not in known and f"c.{each.key}" not in hidden)]

    # Mass maintenance

    def planned(self, entity: str, key: str, values: Iterable[tuple[int, object]]) -> Iterator[Planned]:
        """Yield wishes for a mass change of a kind of your own, with values in the form that is stored.

        Raises:
            ValidationFailed: ``CHARACTERISTIC_UNKNOWN``, and when a value does not have the type.
        """
        return plan(self._session, entity, key, values)

    def preview(self, record_ids: Iterable[int], key: str, value: object, *, entity: str = ACCOUNT, description: str = "") -> Preview:
        """Plan one value for many records (None takes it away); `session.changesets` confirms and undoes it (C08, I-72).

        Raises:
            ValidationFailed: when nobody may write this value at all: unknown, read-only, or not of its type.
        """
        planned = plan(self._session, entity, key, ((record_id, value) for record_id in record_ids))
        return self._session.changesets.preview(CHARACTERISTICS, planned, description, entity=entity)

    def preview_each(self, values: Mapping[int, object], key: str, *, entity: str = ACCOUNT, description: str = "") -> Preview:
        """Plan a value of its own for each record; otherwise as `preview`."""
        planned = plan(self._session, entity, key, values.items())
        return self._session.changesets.preview(CHARACTERISTICS, planned, description, entity=entity)

    def _visible(self, entity: str) -> Mapping[str, Definition]:
        return visible_definitions(self._session, entity)

    def _values(self, record: Entity, definitions: Sequence[Definition]) -> dict[str, Any]:
        stored = _map(record)
        present = [each for each in definitions if stored.get(each.key) is not None]
        account = account_of(record)
        bound = [each for each in present if each.bound]
        places = read_places(self._session, bound, {account}) if bound and account is not None else None
        return {
            each.key: each.read(stored[each.key])
            for each in present
            if not each.bound or (places is not None and places.contain(each, account))
        }

    def _row(self, key: str, entity: str) -> CharacteristicRow:
        found: CharacteristicRow | None = next(
            (row for row in self._session.orm.new if isinstance(row, CharacteristicRow) and (row.entity, row.key) == (entity, key)), None
        )
        hidden = self._session.hidden(entity)
        if found is None and MAP not in hidden and CHARACTERISTIC + key not in hidden:
            found = self._session.scalar(select(CharacteristicRow).where(CharacteristicRow.entity == entity, CharacteristicRow.key == key))
        if found is None:
            raise ValidationFailed("VALIDATION_FAILED", [unknown(entity, key, visible_definitions(self._session, entity))])
        return found

    def _pending(self, row: CharacteristicRow) -> CharacteristicRow:
        orm = self._session.orm
        changed = [each for each in (*orm.new, *orm.dirty) if isinstance(each, CharacteristicRow)]
        overlay(self._session, changed)
        return row


def _map(record: Entity) -> Mapping[str, Any]:
    found: Mapping[str, Any] = record.characteristics  # type: ignore[attr-defined] # only entities that have the column
    return found


def _put(record: Entity, key: str, value: object) -> None:
    kept = {each: held for each, held in _map(record).items() if each != key}
    setattr(record, "characteristics", kept if value is None else {**kept, key: value})  # noqa: B010 - only entities that have the column


def _brought(definition: Definition | None, value: object) -> object:
    """Return the value as it will be stored; one that is wrong stays as it is, to be told at the commit with all others."""
    if definition is None or value is None:
        return value
    try:
        return definition.normalise(value)
    except ValueError:
        return value
