"""What a deployment configures: collections of keyed items, declared once by the core and by plugins.

Whoever declares a collection gets loading, validation, plan, apply, ownership and export of it.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

import attrs

from crmcore.labels import Label

if TYPE_CHECKING:
    from crmcore.model import Entity
    from crmcore.registry import Registry
    from crmcore.session import Session

DEPLOYMENT: Final = "deployment"
"""The owner of what the files of a deployment say; below it are the plugins, and below those the core."""

CODE: Final = r"[A-Za-z0-9][A-Za-z0-9_.-]{0,39}"
"""What keys look like, unless a collection says otherwise."""

Key = tuple[str, ...]
"""The codes that name an item, from the outside in: ``("BU1", "CONTRACT")``."""

# Plain JSON values, by field.
Values = Mapping[str, Any]

_NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})


@attrs.frozen
class Item:
    """One configured thing: all of its fields as plain JSON values, and the owner of what they say."""

    values: Values
    owner: str = DEPLOYMENT


class StepKind(enum.StrEnum):
    """What a plan does to an item."""

    ADD = "add"
    CHANGE = "change"
    REVERT = "revert"
    """The files no longer override it: it falls back to what its plugin or the core says."""
    OBSOLETE = "obsolete"
    """It is in use, and stays readable; nothing new takes it."""
    REMOVE = "remove"


@attrs.frozen(kw_only=True)
class Step:
    """What a plan does to one item: from ``before`` (None: it is not there) to ``after`` (None: it vanishes)."""

    collection: str
    key: Key
    kind: StepKind
    before: Item | None = None
    after: Item | None = None

    @property
    def changes(self) -> dict[str, tuple[Any, Any]]:
        """The fields that differ, with the old and the new value."""
        old = self.before.values if self.before else _NOTHING
        new = self.after.values if self.after else _NOTHING
        return {name: (old.get(name), new.get(name)) for name in sorted({*old, *new}) if old.get(name) != new.get(name)}


@attrs.frozen(kw_only=True)
class Effect:
    """What a plan means for ``count`` records; a ``blocking`` one keeps it from being applied."""

    collection: str
    key: Key = ()
    text: Label
    count: int
    blocking: bool = False


@attrs.frozen(kw_only=True)
class Finding:
    """What is wrong with an item, in the light of the others; it is shown with file, line and column of the field."""

    key: Key
    reason: Label
    field: str | None = None


@attrs.frozen
class Scene:
    """Every configured item as it is now, and as it will be after the plan, by collection."""

    before: Mapping[str, Mapping[Key, Item]]
    after: Mapping[str, Mapping[Key, Item]]
    registry: Registry = attrs.field(repr=False)
    given: Mapping[str, frozenset[Key]] = attrs.field(factory=dict, repr=False)
    """The keys that the files mention: what is wrong with others has no line to show."""


class Store:
    """Where the items of a collection live in the database; `crmcore.planning.Rows` does it for a table."""

    keeps_owner: bool = True
    """Whether the database remembers whose an item is; otherwise an item that is as its plugin says is the plugin's."""

    counts_changes: bool = True
    """Whether a plan counts the records that use what merely changes; otherwise only those of what becomes obsolete."""

    def entities(self) -> Sequence[type[Entity]]:
        """Return the classes whose rows are items of this collection: they hold nothing in use by themselves."""
        return ()

    def read(self, session: Session) -> Mapping[Key, Item]:
        """Return every item, in a few statements however many there are."""
        raise NotImplementedError

    def used(self, session: Session, keys: Sequence[Key]) -> Mapping[Key, Mapping[str, int]]:
        """Return how many records use each item, by entity; what is not used is left out."""
        del session, keys
        return {}

    def is_gone(self, values: Values) -> bool:
        """Return whether an item that nobody mentions is obsolete already."""
        return bool(values.get("obsolete"))

    def retired(self, session: Session, values: Values) -> Values | None:
        """Return an item that is in use and shall go as it will be, or None when it cannot go."""
        del session
        return {**values, "obsolete": True} if "obsolete" in values else None

    def clear(self, session: Session, steps: Sequence[Step]) -> None:
        """Take away what would be in the way of other steps; called before any `write`."""

    def write(self, session: Session, steps: Sequence[Step]) -> None:
        """Write the steps that add, change, revert or make obsolete."""
        raise NotImplementedError

    def remove(self, session: Session, steps: Sequence[Step]) -> None:
        """Delete the items of the steps that remove; called after every `write`, the last collection first."""
        raise NotImplementedError


@attrs.frozen(kw_only=True)
class Configurable:
    """Declare a collection of things that a deployment configures in its files, under a section with this name.

    ``name`` is ``<plugin>.<collection>``; ``fields`` are the Cerberus rules of an item, with labels and help as in `ConfigSchema`, and
    without secrets. ``short`` is the field that a bare value fills; ``texts`` are fields that take a text or ``{it, en}``.

    With ``group``, the section has one more level, whose keys are those of another collection, or names of entities (``"entity"``).
    With ``inside``, the items stand inside those of another collection, under the last part of the name; ``embedded`` ones go with them.

    ``references`` names fields that hold codes of other collections (``parent: zones`` of the same one makes a tree, which must not have
    cycles). ``after`` are other collections that must be written first.
    """

    name: str
    label: Label
    help: str
    fields: Mapping[str, Mapping[str, Any]]  # Cerberus schemas are open mappings by design
    store: Store
    short: str | None = "label"
    texts: tuple[str, ...] = ("label",)
    key: str = CODE
    group: str | None = None
    inside: str | None = None
    embedded: bool = False
    references: Mapping[str, str] = attrs.field(factory=dict)
    after: tuple[str, ...] = ()
    normalise: Callable[[Values], Values] | None = None
    """Bring validated values into the form in which the store reads them; raises ValueError with what it expected."""
    settle: Callable[[Mapping[Key, Item]], Mapping[Key, Item]] | None = None
    """Complete the items of the files in the light of each other."""
    declared: Callable[[Registry], Mapping[Key, Item]] | None = None
    """Return what plugins and core say through hooks of their own, as the layer below the deployment."""
    holds: Callable[[Key, Values, Collection[tuple[str, Key]]], Iterable[tuple[str, Key]]] | None = None
    """Return which of some items, given by collection and key, one of these cannot be without, beside what `references` say."""
    check: Callable[[Session, Scene], Iterable[Finding]] | None = None
    effects: Callable[[Session, Sequence[Step], Scene], Iterable[Effect]] | None = None
    watches_all: bool = False
    """Whether `effects` gets the steps of every collection, and not only those of this one."""

    @property
    def section(self) -> str:
        """The key under which the items stand: of the file, or of the item around them."""
        return self.name.removeprefix(f"{self.inside}.") if self.inside else self.name


@attrs.frozen(kw_only=True)
class Configured:
    """Declare items of a collection, in the form of the files: the layer of a plugin, which a deployment may override."""

    collection: str
    items: Mapping[str, Any]  # whatever the collection takes
