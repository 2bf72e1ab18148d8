"""Three-level lookup tables and their entries."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import attrs

from crmcore.hooks import Configurable, Finding, Key, Scene, Step, StepKind, Values
from crmcore.labels import Label
from crmcore.model import Entity, LookupEntry, LookupTable
from crmcore.planning.columns import Mapped, Plain, Refer, Text
from crmcore.planning.fields import LABEL, OBSOLETE
from crmcore.planning.rows import Rows

if TYPE_CHECKING:
    from crmcore.session import Session

_LEVELS: Final = ("level1_it", "level2_it", "level3_it")
_PART: Final = r"[^/\s](?:[^/\n]{0,38}[^/\s])?"


def _levels(row: Any) -> list[str]:  # noqa: ANN401 - a row of a query
    names = [getattr(row, name) for name in _LEVELS]
    while names and not names[-1]:
        names.pop()
    return names


def _columns(levels: Sequence[str]) -> dict[str, Any]:
    return {name: levels[number] if number < len(levels) else "" for number, name in enumerate(_LEVELS)}


def _trimmed(values: Values) -> Values:
    """Leave out empty names at the end, which mean nothing."""
    levels = list(values["levels"])
    while levels and not levels[-1]:
        levels.pop()
    return {**values, "levels": levels}


TABLES: Final = Configurable(
    name="lookup_tables",
    label=Label("Tabelle a 3 livelli", "Three-level tables"),
    help="Code lists with up to three levels, by code.",
    fields={
        "label": LABEL,
        "levels": {
            "type": "list",
            "schema": {"type": "string", "maxlength": 60},
            "maxlength": 3,
            "default": [],
            "label": Label("Nomi dei livelli", "Names of the levels"),
            "help": "The Italian names of the levels, from the first down.",
        },
    },
    normalise=_trimmed,
    store=Rows(entity=LookupTable, columns=(Text("label"), Mapped("levels", _LEVELS, _levels, _columns)), owner="owner"),
)


@attrs.frozen(kw_only=True)
class Entries(Rows):
    """Entries are named by the path of their codes; they never move, and are never deleted."""

    def key_of(self, row: Any, codes: Mapping[type[Entity], Mapping[int, str]]) -> Key:  # noqa: ANN401 - a row of a query
        """Return the table and the path, without the slash at its end."""
        return (codes[LookupTable][row.table_id], row.path.removesuffix("/"))

    def used(self, session: Session, keys: Sequence[Key]) -> Mapping[Key, Mapping[str, int]]:
        """Return every entry: values of characteristics may name any."""
        del session
        return {key: {} for key in keys}

    def write(self, session: Session, steps: Sequence[Step]) -> None:
        """Write new entries level by level, because each needs the key of the one above it."""
        new = [step for step in steps if step.kind is StepKind.ADD]
        for level in sorted({step.key[1].count("/") for step in new}):
            names, ids = self._names(session), self.ids(session)
            for step in new:
                if step.key[1].count("/") == level:
                    above, _, code = step.key[1].rpartition("/")
                    parent_id = ids[step.key[0], above] if above else None
                    session.add(LookupEntry(code=code, parent_id=parent_id, **self.attributes(step, names)))
            session.flush()
        # The other kinds of step are those of any row.
        Rows.write(self, session, [step for step in steps if step.kind is not StepKind.ADD])


def _check(_: Session, scene: Scene) -> Iterable[Finding]:
    entries = scene.after.get("lookup_tables.entries", {})
    for key in scene.given.get("lookup_tables.entries", ()):
        above = key[1].rpartition("/")[0]
        if above and (key[0], above) not in entries:
            reason = Label(f"sopra di essa manca la voce {above!r}", f"entry {above!r} above it does not exist")
            yield Finding(key=key, reason=reason)


ENTRIES: Final = Configurable(
    name="lookup_tables.entries",
    inside="lookup_tables",
    label=Label("Voci", "Entries"),
    help="The entries of the table, by the path of their codes: `LEGNO`, `LEGNO/ROVERE`, `LEGNO/ROVERE/MASSELLO`.",
    key=f"{_PART}(?:/{_PART}){{0,2}}",
    fields={
        "label": LABEL,
        "position": {
            "type": "integer",
            "default": 0,
            "min": 0,
            "max": 1_000_000,
            "label": Label("Posizione", "Position"),
            "help": "Entries of one level are shown by position, then by label.",
        },
        "obsolete": OBSOLETE,
    },
    store=Entries(
        entity=LookupEntry,
        code="path",
        columns=(Text("label"), Plain("position"), Plain("obsolete")),
        group=Refer(field="table", column="table_id", to=LookupTable),
        owner="owner",
    ),
    check=_check,
)
