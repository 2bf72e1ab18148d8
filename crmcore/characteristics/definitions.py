"""Definitions in effect: what plugins declare and what the deployment or a person defined, in one form."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final

import attrs

from crmcore.characteristics.types import BUILTIN_TYPES
from crmcore.hooks import DEPLOYMENT, CharacteristicDef, Choice, FieldType, StoredAs
from crmcore.labels import Label

_IN_COLUMNS: Final = frozenset({"entity", "key", "type", "label"})
OPTIONS: Final = {field.name: field.default for field in attrs.fields(CharacteristicDef) if field.name not in _IN_COLUMNS}
"""What a row keeps in its map, and what it means when it is not there."""
_FORMS: Final[Mapping[StoredAs, type]] = {
    StoredAs.TEXT: str,
    StoredAs.INTEGER: int,
    StoredAs.DECIMAL: str,
    StoredAs.FLAG: bool,
    StoredAs.LIST: list,
}


@attrs.frozen(kw_only=True)
class Definition:
    """One definition in effect, with its type and who owns it: a plugin, or ``deployment``."""

    spec: CharacteristicDef
    kind: FieldType
    owner: str
    position: int = 0
    obsolete: bool = False
    offered: frozenset[str] = frozenset()
    """Codes of the choices that may still be taken."""

    @property
    def key(self) -> str:
        """The key, which never changes."""
        return self.spec.key

    @property
    def automatic(self) -> bool:
        """Whether only rules and events write it (I-13)."""
        return self.spec.read_only or self.spec.compute is not None

    @property
    def bound(self) -> bool:
        """Whether it exists in a part of the archive only (I-15)."""
        return self.spec.portfolio is not None or self.spec.business_unit is not None

    @property
    def indexable(self) -> bool:
        """Whether the database can have an index for it."""
        return self.kind.stored_as is not StoredAs.LIST

    @property
    def indexed(self) -> bool:
        """Whether the database has an index for it, once `sync_indexes` ran."""
        return self.spec.indexed and self.indexable and not self.obsolete

    def visible_to(self, groups: Iterable[str] | None) -> bool:
        """Return whether a member of these groups sees it; None stands for the system, which sees everything."""
        return groups is None or not self.spec.visible_to or not set(self.spec.visible_to).isdisjoint(groups)

    def editable_by(self, groups: Iterable[str] | None) -> bool:
        """Return whether a member of these groups may write it."""
        if not self.visible_to(groups):
            return False
        return groups is None or not self.spec.editable_by or not set(self.spec.editable_by).isdisjoint(groups)

    # Any JSON value.
    def normalise(self, value: object) -> Any:  # noqa: ANN401
        """Return a new value in the form that is stored.

        Raises:
            ValueError: with what was expected, as text or `Label`.
        """
        found = self.normalise_type(value)
        if self.spec.choices:
            chosen = set(found) if isinstance(found, list) else {found}
            if not chosen <= self.offered:
                codes = ", ".join(sorted(self.offered))
                message = Label(f"uno tra {codes}", f"one of {codes}")
                raise ValueError(message)
        return found

    # Any JSON value.
    def normalise_type(self, value: object) -> Any:  # noqa: ANN401
        """Return a value in the form of the type, also when it is a choice that is no longer offered.

        Raises:
            ValueError: as `normalise`.
        """
        found = self.kind.normalise(value)
        if type(found) is not _FORMS[self.kind.stored_as]:
            message = f"a type that stores {self.kind.stored_as.value}, and not {type(found).__name__} (fault of type {self.kind.name})"
            raise ValueError(message)
        return found

    # Any JSON value, and any Python value.
    def read(self, stored: Any) -> Any:  # noqa: ANN401
        """Return the typed value of what is stored; None stays None, and what does not fit the type is handed out as it is."""
        if stored is None:
            return None
        try:
            return self.kind.read(stored)
        except (ValueError, TypeError, ArithmeticError):
            # A value from before the plugin changed its type: still readable, never a reason to fail.
            return stored


@attrs.frozen
class DefinitionSet:
    """All definitions in effect, by entity and key; a row of the deployment wins over what a plugin declares with the same key and type."""

    by_entity: Mapping[str, Mapping[str, Definition]]
    # What is prepared from these definitions, and good as long as they are; each part of the core has its own keys.
    prepared: dict[Any, Any] = attrs.field(factory=dict, eq=False, repr=False)

    def of(self, entity: str) -> Mapping[str, Definition]:
        """Return the definitions of an entity, in order of position and key."""
        return self.by_entity.get(entity, MappingProxyType({}))

    def __iter__(self) -> Iterator[Definition]:
        for group in self.by_entity.values():
            yield from group.values()


def effective(
    declared: Mapping[str, Mapping[str, CharacteristicDef]],
    owners: Mapping[str, str],
    rows: Iterable[Any],
    types: Mapping[str, FieldType],
) -> DefinitionSet:
    """Combine what plugins declare (``owners``: key → plugin) with rows of the database, or what has their attributes."""
    found: dict[str, dict[str, Definition]] = {}
    for row in rows:
        spec = spec_of(row)
        made = bind(spec, types, owner=row.owner, position=row.position, obsolete=row.obsolete)
        found.setdefault(spec.entity, {})[spec.key] = made
    for entity, definitions in declared.items():
        group = found.setdefault(entity, {})
        for key, spec in definitions.items():
            own = group.get(key)
            # A deployment may override what a plugin declares, save its type, which values depend on.
            if own is None or own.owner != DEPLOYMENT or own.spec.type != spec.type:
                group[key] = bind(spec, types, owner=owners.get(key, "plugin"))
    ordered = {entity: dict(sorted(group.items(), key=lambda item: (item[1].position, item[0]))) for entity, group in found.items()}
    return DefinitionSet(MappingProxyType({entity: MappingProxyType(group) for entity, group in ordered.items()}))


def bind(spec: CharacteristicDef, types: Mapping[str, FieldType], *, owner: str, position: int = 0, obsolete: bool = False) -> Definition:
    """Return the definition of a specification, with its type; a type whose plugin is not enabled takes no values."""
    kind = BUILTIN_TYPES.get(spec.type) or types.get(spec.type) or _missing(spec.type)
    offered = frozenset(choice.code for choice in spec.choices if not choice.obsolete)
    return Definition(spec=spec, kind=kind, owner=owner, position=position, obsolete=obsolete, offered=offered)


def _missing(name: str) -> FieldType:
    def refuse(_: object) -> object:
        message = Label(f"che il plugin del tipo {name} sia attivo", f"the plugin of type {name} to be enabled")
        raise ValueError(message)

    return FieldType(name=name, label=Label(name, name), normalise=refuse)


# A record, or a row of a query with the same attributes.
def spec_of(row: Any) -> CharacteristicDef:  # noqa: ANN401
    """Return the specification that a row holds."""
    options: dict[str, Any] = {name: row.definition.get(name, default) for name, default in OPTIONS.items()}
    for name in ("visible_to", "editable_by", "depends_on"):
        options[name] = tuple(options[name])
    options["choices"] = tuple(
        Choice(code=each["code"], label=Label(each.get("it", each["code"]), each.get("en", "")), obsolete=bool(each.get("obsolete")))
        for each in options["choices"]
    )
    return CharacteristicDef(key=row.key, entity=row.entity, type=row.type, label=Label(row.label_it, row.label_en), **options)


def options_of(spec: CharacteristicDef) -> dict[str, Any]:
    """Return what a row keeps of a specification in its map: JSON, without what is not said."""
    found = {name: getattr(spec, name) for name, default in OPTIONS.items() if getattr(spec, name) != default}
    if "choices" in found:
        found["choices"] = [
            {"code": each.code, "it": each.label.it, "en": each.label.en, **({"obsolete": True} if each.obsolete else {})}
            for each in spec.choices
        ]
    return {name: list(value) if isinstance(value, tuple) else value for name, value in found.items()}
