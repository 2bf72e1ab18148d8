"""Searches that everybody finds, and the list views whose indexes the database keeps."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import attrs
from sqlalchemy import ColumnElement

from crmcore.errors import CrmError, Problem
from crmcore.hooks import Configurable, Finding, Item, Key, Scene, Step, Store
from crmcore.labels import Label
from crmcore.model import Entity, SavedSearch
from crmcore.planning.columns import Mapped, Plain
from crmcore.planning.core.characteristics_store import all_specs
from crmcore.planning.fields import ENTITY, codes
from crmcore.planning.rows import Rows
from crmcore.query import ListView
from crmcore.query.fields import find_field
from crmcore.query.filters import compile_filter
from crmcore.query.sorting import parse_order
from crmcore.query.views import reasons

if TYPE_CHECKING:
    from crmcore.session import Session

OWNER: Final = "deployment:"
"""Owner of the searches of the files; no login has a colon."""


@attrs.frozen(kw_only=True)
class Searches(Rows):
    """Searches that belong to nobody in particular, and that all may run; filter, sort order and columns are one map."""

    def conditions(self) -> Sequence[ColumnElement[bool]]:
        """Return the condition for them."""
        return (SavedSearch.__table__.c.owner == OWNER,)

    def make(self, step: Step, attributes: dict[str, Any]) -> Entity:
        """Return a search that is shared."""
        return SavedSearch(name=step.key[0], owner=OWNER, shared=True, **attributes)

    def attributes(self, step: Step, names: Mapping[Any, Mapping[Key, int]]) -> dict[str, Any]:
        """Return the attributes, the map among them."""
        del names
        values = step.after.values if step.after else {}
        return {"entity": values["entity"], "filter": {name: values[name] for name in ("filter", "sort", "columns")}}


def _part(name: str, empty: object) -> Mapped:
    return Mapped(name, ("filter",), lambda row: dict(row.filter).get(name, empty), lambda _: {})


def _seen(session: Session, scene: Scene) -> None:
    """Let the session see the definitions of the plan, which searches may name before they are there."""
    from crmcore.characteristics.definitions import DefinitionSet, bind  # noqa: PLC0415 - only needed with searches
    from crmcore.characteristics.state import state_of  # noqa: PLC0415 - as above

    found: dict[str, dict[str, Any]] = {}
    items = scene.after.get("characteristics", {})
    for (entity, key), spec in all_specs(items, scene.after.get("characteristics.choices", {})).items():
        item = items[entity, key]
        made = bind(spec, session.registry.field_types, owner=item.owner, obsolete=bool(item.values["obsolete"]))
        found.setdefault(entity, {})[key] = made
    state_of(session).definitions = DefinitionSet(found)


def _check_searches(session: Session, scene: Scene) -> Iterable[Finding]:
    given = sorted(scene.given.get("saved_searches", ()))
    if given:
        _seen(session, scene)
    for key in given:
        values = scene.after["saved_searches"][key].values
        cls = session.registry.entities.get(values["entity"])
        if cls is None:
            yield _no_entity(key, values["entity"])
            continue
        try:
            compiled, _ = compile_filter(session, cls, cls, values["filter"] or None)
            parse_order(session, cls, cls, values["sort"], compiled.scoped)
        except CrmError as error:
            for problem in error.problems or (Problem(code=error.code, params=error.params),):
                yield Finding(key=key, field="filter", reason=Label(problem.text("it"), problem.text("en")))
        for name in values["columns"]:
            if find_field(session, cls, cls, name) is None:
                reason = Label(f"{values['entity']} non ha il campo {name}", f"{values['entity']} has no field {name}")
                yield Finding(key=key, field="columns", reason=reason)


def _no_entity(key: Key, entity: str) -> Finding:
    return Finding(key=key, field="entity", reason=Label(f"l'entità {entity!r} non esiste", f"entity {entity!r} does not exist"))


SEARCHES: Final = Configurable(
    name="saved_searches",
    label=Label("Ricerche salvate", "Saved searches"),
    help="Searches that everybody finds, by name.",
    key=r"[^\s:](?:[^\n:]{0,118}[^\s:])?",
    short=None,
    texts=(),
    after=("characteristics", "portfolios", "zones", "salespersons"),
    fields={
        "entity": ENTITY,
        "filter": {
            "type": "dict",
            "default": {},
            "label": Label("Filtro", "Filter"),
            "help": "What is found, as `session.search` takes it: field, op, value; and, or, not, some, text.",
        },
        "sort": codes(Label("Ordinamento", "Sort"), "Fields to sort by; a minus before one turns it around."),
        "columns": codes(Label("Colonne", "Columns"), "The fields that are shown; none: the records."),
    },
    store=Searches(
        entity=SavedSearch,
        code="name",
        columns=(Plain("entity"), _part("filter", {}), _part("sort", []), _part("columns", [])),
    ),
    check=_check_searches,
)


class Views(Store):
    """List views, written through the function that declares them."""

    def entities(self) -> Sequence[type[Entity]]:
        """Return the class."""
        return (SavedSearch,)

    def read(self, session: Session) -> Mapping[Key, Item]:
        """Return every list view."""
        return {
            (view.name,): Item({"entity": view.entity, "filters": list(view.filters), "sort": view.sort}) for view in session.search.views()
        }

    def write(self, session: Session, steps: Sequence[Step]) -> None:
        """Declare list views."""
        for step in steps:
            if step.after is not None:
                session.search.declare(view_of(step.key, step.after))
        session.flush()

    def remove(self, session: Session, steps: Sequence[Step]) -> None:
        """Withdraw list views."""
        for step in steps:
            session.search.withdraw(step.key[0])
        session.flush()


def view_of(key: Key, item: Item) -> ListView:
    """Return the list view of an item."""
    values = item.values
    return ListView(name=key[0], entity=values["entity"], filters=tuple(values["filters"]), sort=values["sort"])


def _check_views(session: Session, scene: Scene) -> Iterable[Finding]:
    given = sorted(scene.given.get("list_views", ()))
    if given:
        _seen(session, scene)
    for key in given:
        for reason in reasons(session, view_of(key, scene.after["list_views"][key])):
            yield Finding(key=key, reason=reason)


VIEWS: Final = Configurable(
    name="list_views",
    label=Label("Viste elenco", "List views"),
    help="Lists that many people open all day, by name: fields that are always filtered by equality, and one to sort by, with one index.",
    key=r"[a-z][a-z0-9_]{0,39}",
    short=None,
    texts=(),
    after=("characteristics",),
    fields={
        "entity": ENTITY,
        "filters": codes(Label("Filtri", "Filters"), "Columns and `c.<key>` that are filtered by equality."),
        "sort": {
            "type": "string",
            "nullable": True,
            "default": None,
            "label": Label("Ordinamento", "Sort"),
            "help": "The column or `c.<key>` that it is sorted by.",
        },
    },
    store=Views(),
    check=_check_views,
)
