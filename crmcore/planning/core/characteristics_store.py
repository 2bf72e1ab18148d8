"""Where definitions of characteristics are: rows of the deployment above what plugins declare."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import case, func, select

from crmcore.characteristics.definitions import OPTIONS, options_of, spec_of
from crmcore.characteristics.expressions import raw_value_of
from crmcore.hooks import DEPLOYMENT, CharacteristicDef, Choice, Item, Key, Step, Store, Values
from crmcore.labels import Label
from crmcore.model import CharacteristicRow, Entity

if TYPE_CHECKING:
    from crmcore.registry import Registry
    from crmcore.session import Session

NAME: Final = "characteristics"
_LISTS: Final = ("visible_to", "editable_by", "depends_on")
_OPTIONS: Final = tuple(name for name in OPTIONS if name != "choices")
_BATCH: Final = 500


def values_of(spec: CharacteristicDef, position: int = 0, *, obsolete: bool = False) -> dict[str, Any]:
    """Return the fields of a definition, without its choices."""
    found: dict[str, Any] = {name: getattr(spec, name) for name in _OPTIONS}
    for name in _LISTS:
        found[name] = list(found[name])
    for name in ("visible_to", "editable_by"):
        found[name] = sorted(set(found[name]))
    default = found["default"]
    found["default"] = list(default) if isinstance(default, tuple) else default
    label = {"it": spec.label.it, "en": spec.label.en}
    return {"label": label, "type": spec.type, **found, "position": position, "obsolete": obsolete}


def choice_values(choice: Choice) -> dict[str, Any]:
    """Return the fields of a choice."""
    return {"label": {"it": choice.label.it, "en": choice.label.en}, "obsolete": choice.obsolete}


def spec_from(key: Key, values: Values, choices: Iterable[tuple[str, Values]]) -> CharacteristicDef:
    """Return the definition that the fields of an item make, with its choices by code."""
    options: dict[str, Any] = {name: tuple(values[name]) if name in _LISTS else values[name] for name in _OPTIONS}
    label = Label(values["label"]["it"], values["label"]["en"])
    made = tuple(
        Choice(code=code, label=Label(each["label"]["it"], each["label"]["en"]), obsolete=each["obsolete"])
        for code, each in choices
        # Those of a type that was left behind mean nothing any more.
        if takes_choices(values["type"])
    )
    return CharacteristicDef(entity=key[0], key=key[1], type=values["type"], label=label, choices=made, **options)


def takes_choices(kind: str) -> bool:
    """Return whether a type has choices: the two of the core, and any of a plugin."""
    return kind in {"choice", "choices"} or "." in kind


def owners_of(registry: Registry) -> dict[str, str]:
    """Return which plugin declares a key: keys start with the name of their plugin."""
    keys = [key for group in registry.characteristics.values() for key in group]
    return {key: next((plugin.name for plugin in registry.plugins if key.startswith(f"{plugin.name}_")), "plugin") for key in keys}


def specs(session: Session) -> Iterator[tuple[CharacteristicDef, int, bool, str]]:
    """Yield every definition with position, whether it is obsolete, and owner; a row of the deployment replaces what is declared."""
    registry = session.registry
    rows = {(row.entity, row.key): row for row in session.execute(select(CharacteristicRow.__table__))}
    owners = owners_of(registry)
    for entity, group in registry.characteristics.items():
        for key, spec in group.items():
            if (entity, key) not in rows:
                yield spec, 0, False, owners[key]
    for row in rows.values():
        yield spec_of(row), row.position, row.obsolete, row.owner


def declared(registry: Registry) -> dict[Key, Item]:
    """Return what plugins declare."""
    owners = owners_of(registry)
    return {
        (entity, key): Item(values_of(spec), owners[key])
        for entity, group in registry.characteristics.items()
        for key, spec in group.items()
    }


def declared_choices(registry: Registry) -> dict[Key, Item]:
    """Return the choices of what plugins declare."""
    owners = owners_of(registry)
    return {
        (entity, key, choice.code): Item(choice_values(choice), owners[key])
        for entity, group in registry.characteristics.items()
        for key, spec in group.items()
        for choice in spec.choices
    }


class Choices(Store):
    """Choices live in their definition, whose store writes them."""

    keeps_owner = False

    def read(self, session: Session) -> Mapping[Key, Item]:
        """Return every choice."""
        return {
            (spec.entity, spec.key, choice.code): Item(choice_values(choice), owner)
            for spec, _, _, owner in specs(session)
            for choice in spec.choices
        }

    def used(self, session: Session, keys: Sequence[Key]) -> Mapping[Key, Mapping[str, int]]:
        """Return every choice: values may hold any, and a definition never forgets one."""
        del session
        return {key: {} for key in keys}


class Characteristics(Store):
    """Definitions are rows; those of plugins are declared, and have a row once the deployment says otherwise."""

    keeps_owner = False
    # A pass over all records for each definition.
    counts_changes = False

    def entities(self) -> Sequence[type[Entity]]:
        """Return the class."""
        return (CharacteristicRow,)

    def read(self, session: Session) -> Mapping[Key, Item]:
        """Return every definition."""
        return {
            (spec.entity, spec.key): Item(values_of(spec, position, obsolete=obsolete), owner)
            for spec, position, obsolete, owner in specs(session)
        }

    def used(self, session: Session, keys: Sequence[Key]) -> Mapping[Key, Mapping[str, int]]:
        """Count the records that have a value."""
        found: dict[Key, Mapping[str, int]] = {}
        by_entity: dict[str, list[Key]] = defaultdict(list)
        for key in keys:
            by_entity[key[0]].append(key)
        dialect = session.crm.engine.dialect.name
        for entity, some in by_entity.items():
            cls = session.registry.entities.get(entity)
            if cls is None or "characteristics" not in cls.__table__.c:
                continue
            column = cls.__table__.c.characteristics
            for start in range(0, len(some), _BATCH):
                part = some[start : start + _BATCH]
                counts = [func.count(case((raw_value_of(column, key[1], dialect).is_not(None), 1))) for key in part]
                row = session.execute(select(*counts).select_from(cls.__table__)).one()
                found |= {key: {entity: count} for key, count in zip(part, row, strict=True) if count}
        return found

    def write(self, session: Session, steps: Sequence[Step]) -> None:
        """Write definitions with their choices; a change of type converts the values."""
        found: dict[Key, list[Step]] = defaultdict(list)
        for step in steps:
            found[step.key[:2]].append(step)
        rows = _rows(session, found)
        now: dict[Key, tuple[CharacteristicDef, int, bool]] = {
            (spec.entity, spec.key): (spec, position, obsolete) for spec, position, obsolete, _ in specs(session)
        }
        retyped = []
        for key, mine in found.items():
            spec, position, obsolete = _merged(key, mine, now.get(key))
            row = rows.get(key)
            if (spec, position, obsolete) == (session.registry.characteristics.get(key[0], {}).get(key[1]), 0, False):
                # Just what the plugin says: nothing of the deployment is left.
                if row is not None:
                    session.delete(row)
                continue
            if row is None:
                row = session.add(CharacteristicRow(entity=key[0], key=key[1], type=spec.type, label_it="", owner=DEPLOYMENT))
            if row.type == spec.type:
                row.definition = options_of(spec)
            else:
                retyped.append((row, spec))
            row.label_it, row.label_en, row.position, row.obsolete = spec.label.it, spec.label.en, position, obsolete
        session.flush()
        for row, spec in retyped:
            changes = {name: getattr(spec, name) for name in OPTIONS}
            planned = session.characteristics.plan_type_change(row.key, spec.type, row.entity, **changes)
            session.characteristics.apply_type_change(planned)

    def remove(self, session: Session, steps: Sequence[Step]) -> None:
        """Delete definitions that nobody uses, with their choices."""
        keys = [step.key for step in steps if step.collection == NAME]
        for row in _rows(session, keys).values():
            session.delete(row)
        session.flush()


def _rows(session: Session, keys: Iterable[Key]) -> dict[Key, Any]:
    wanted = set(keys)
    records = session.scalars(select(CharacteristicRow))
    return {(row.entity, row.key): row for row in records if (row.entity, row.key) in wanted}


def _merged(key: Key, steps: Iterable[Step], now: tuple[CharacteristicDef, int, bool] | None) -> tuple[CharacteristicDef, int, bool]:
    """Return the definition after its steps and those of its choices."""
    values: Values | None = values_of(now[0], now[1], obsolete=now[2]) if now else None
    choices: dict[str, Values] = {choice.code: choice_values(choice) for choice in now[0].choices} if now else {}
    for step in steps:
        if step.after is not None and step.collection == NAME:
            values = step.after.values
        elif step.after is not None:
            choices[step.key[2]] = step.after.values
    if values is None:
        message = f"choices of {'/'.join(key)}, which is not defined"
        raise LookupError(message)
    return spec_from(key, values, choices.items()), values["position"], values["obsolete"]


def all_specs(items: Mapping[Key, Item], choices: Mapping[Key, Item]) -> dict[Key, CharacteristicDef]:
    """Return the definitions of all items."""
    grouped: dict[Key, list[tuple[str, Values]]] = defaultdict(list)
    for key, item in choices.items():
        grouped[key[:2]].append((key[2], item.values))
    return {key: spec_from(key, item.values, grouped[key]) for key, item in items.items()}
