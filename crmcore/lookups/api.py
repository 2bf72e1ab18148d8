"""Three-level lookup tables through the API: entry, display and filtering by all three levels (N01, S15)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final

import attrs
from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy.orm import aliased

from crmcore.errors import Problem, ValidationFailed
from crmcore.labels import Label
from crmcore.model import LookupEntry, LookupTable, below
from crmcore.storage import batches

if TYPE_CHECKING:
    from crmcore.session import Session

_TABLE: Final = Label("tabella", "lookup table")
_ENTRY: Final = Label("voce di tabella", "lookup entry")
_ARROW: Final = " > "


@attrs.frozen
class Node:
    """An entry to add, with those below it: ``Node("LEGNO", "Legno", children=(Node("ROVERE", "Rovere"),))``."""

    code: str
    label_it: str = ""
    label_en: str = ""
    children: tuple[Node, ...] = attrs.field(default=(), converter=tuple)


@attrs.frozen(kw_only=True)
class Shown:
    """An entry as people see it, with all of its levels: ``text`` is «Legno > Rovere > Massello»."""

    id: int
    path: str
    level: int
    labels: tuple[str, ...]
    obsolete: bool

    @property
    def text(self) -> str:
        """The labels of all levels, from the first down."""
        return _ARROW.join(self.labels)


class LookupsApi:
    """Lookup tables and their entries. Get it as ``session.lookups``.

    An entry is named by its table and the path of its codes: ``LEGNO/ROVERE/MASSELLO``. Neither ever changes; labels may.
    """

    def __init__(self, session: Session) -> None:
        self._session = session

    def define(
        self, code: str, label_it: str = "", *, label_en: str = "", levels: Sequence[str] = (), entries: Iterable[Node] = ()
    ) -> LookupTable:
        """Add a table, with the Italian names of its levels and its entries, and return it; everything is written at the commit."""
        names = dict(zip(("level1_it", "level2_it", "level3_it"), levels, strict=False))
        table = self._session.add(LookupTable(code=code, label_it=label_it or code, label_en=label_en, **names))
        self._add(table, entries, None)
        return table

    def table(self, code: str) -> LookupTable:
        """Return a table.

        Raises:
            ValidationFailed: ``CODE_UNKNOWN``.
        """
        found = self._session.scalar(select(LookupTable).where(LookupTable.code == code))
        if not isinstance(found, LookupTable):
            raise _unknown(_TABLE, code)
        return found

    def add(
        self, table: str, code: str, label_it: str = "", *, parent: str | None = None, label_en: str = "", position: int = 0
    ) -> LookupEntry:
        """Add an entry at the top of a table, or below the entry with the path ``parent``, and return it.

        Raises:
            ValidationFailed: ``CODE_UNKNOWN``; the commit raises ``LOOKUP_LEVEL`` for a fourth level.
        """
        above = None if parent is None else self.entry(table, parent)
        table_id = self.table(table).id if above is None else above.table_id
        made = LookupEntry(table_id=table_id, code=code, label_it=label_it or code, label_en=label_en, position=position)
        if above is not None:
            made.parent = above
        return self._session.add(made)

    def entry(self, table: str, path: str) -> LookupEntry:
        """Return an entry by its path, whatever its level, also an obsolete one.

        Raises:
            ValidationFailed: ``CODE_UNKNOWN``.
        """
        found = self._session.scalar(
            select(LookupEntry)
            .join(LookupTable, LookupTable.id == LookupEntry.table_id)
            .where(LookupTable.code == table, LookupEntry.path == _slashed(path))
        )
        if not isinstance(found, LookupEntry):
            raise _unknown(_ENTRY, f"{table}:{path}")
        return found

    def children(self, table: str, parent: str | None = None, *, obsolete: bool = False) -> Sequence[LookupEntry]:
        """Return the entries one level below a path, or those of the first level: what the next list of a form offers."""
        wanted = select(LookupEntry).join(LookupTable, LookupTable.id == LookupEntry.table_id).where(LookupTable.code == table)
        if parent is None:
            wanted = wanted.where(LookupEntry.parent_id.is_(None))
        else:
            wanted = wanted.where(LookupEntry.parent_id == self.entry(table, parent).id)
        if not obsolete:
            wanted = wanted.where(LookupEntry.obsolete.is_(False))
        return self._session.scalars(wanted.order_by(LookupEntry.position, LookupEntry.label_it, LookupEntry.id)).all()

    def pick_list(self, table: str, *, under: str | None = None, obsolete: bool = False, lang: str | None = None) -> list[Shown]:
        """Return the entries of a table, or of one of its branches, each with all its levels, in one query.

        Parents come first, and what lies below one is in the order of `children`; what lies below an obsolete one is not offered.
        """
        wanted = _with_levels().join(LookupTable, LookupTable.id == LookupEntry.table_id).where(LookupTable.code == table)
        if under is not None:
            wanted = wanted.where(below(LookupEntry.path, _slashed(under)))
        found = [self._shown(row, lang) for row in sorted(self._session.execute(wanted), key=_place)]
        return [entry for entry in found if obsolete or not entry.obsolete]

    def display(self, entry: LookupEntry, *, lang: str | None = None) -> str:
        """Return the labels of an entry and of what it lies in: ``Legno > Rovere > Massello``."""
        return self.display_all([entry.id], lang=lang)[entry.id].text

    def display_all(self, entries: Iterable[int], *, lang: str | None = None) -> dict[int, Shown]:
        """Return how many entries are shown, by id, also obsolete ones, in one query for up to 10,000."""
        found = {}
        for some in batches(list(dict.fromkeys(entries))):
            for row in self._session.execute(_with_levels().where(LookupEntry.id.in_(some))):
                found[row.id] = self._shown(row, lang)
        return found

    def under(self, table: str, path: str) -> ColumnElement[bool]:
        """Return the condition on `LookupEntry` for an entry of any level and everything below it, to filter by."""
        own = select(LookupTable.id).where(LookupTable.code == table).scalar_subquery()
        return (LookupEntry.table_id == own) & below(LookupEntry.path, _slashed(path))

    def obsolete(self, entry: LookupEntry, *, obsolete: bool = True) -> None:
        """Mark an entry as obsolete: it stays readable where it is used, and is not offered any more, with everything below it."""
        entry.obsolete = obsolete

    def _add(self, table: LookupTable, nodes: Iterable[Node], parent: LookupEntry | None) -> None:
        for position, node in enumerate(nodes, 1):
            made = LookupEntry(
                table_id=table.id, code=node.code, label_it=node.label_it or node.code, label_en=node.label_en, position=position
            )
            made.table = table
            if parent is not None:
                made.parent = parent
            self._session.add(made)
            self._add(table, node.children, made)

    def _shown(self, row: Any, lang: str | None) -> Shown:  # noqa: ANN401 - a row of `_with_levels`
        english = (lang or self._session.crm.lang) == "en"
        # From the first level down; an entry of a high level has fewer above it.
        levels = [(row.top_it, row.top_en), (row.above_it, row.above_en), (row.label_it, row.label_en)]
        labels = tuple((english and en) or it for it, en in levels if it is not None)
        return Shown(id=row.id, path=row.path, level=row.level, labels=labels, obsolete=bool(row.gone))


def _with_levels() -> Select[*tuple[Any, ...]]:
    """Return the query for entries with the labels of their three levels, and whether one of these is obsolete."""
    above, top = aliased(LookupEntry), aliased(LookupEntry)
    gone = or_(LookupEntry.obsolete, func.coalesce(above.obsolete, False), func.coalesce(top.obsolete, False))
    return (
        select(
            LookupEntry.id,
            LookupEntry.path,
            LookupEntry.level,
            LookupEntry.label_it,
            LookupEntry.label_en,
            LookupEntry.position,
            above.position.label("above_position"),
            top.position.label("top_position"),
            above.label_it.label("above_it"),
            above.label_en.label("above_en"),
            top.label_it.label("top_it"),
            top.label_en.label("top_en"),
            gone.label("gone"),
        )
        .outerjoin(above, above.id == LookupEntry.parent_id)
        .outerjoin(top, top.id == above.parent_id)
    )


def _place(row: Any) -> tuple[tuple[int, str, str], ...]:  # noqa: ANN401 - a row of `_with_levels`
    """Return where an entry stands in a list of all levels: each level is in its own order."""
    levels = [(row.top_position, row.top_it), (row.above_position, row.above_it), (row.position, row.label_it)]
    known = [(position, label) for position, label in levels if label is not None]
    return tuple((position, label, code) for (position, label), code in zip(known, row.path.split("/"), strict=False))


def _slashed(path: str) -> str:
    return path if path.endswith("/") else f"{path}/"


def _unknown(what: Label, code: str) -> ValidationFailed:
    return ValidationFailed("VALIDATION_FAILED", [Problem(code="CODE_UNKNOWN", params={"what": what, "code": code})])
