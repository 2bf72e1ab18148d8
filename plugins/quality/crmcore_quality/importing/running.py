"""Run an import, batch after batch: each is one transaction with its position, so that whoever is killed goes on where it was."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

import attrs

from crmcore import Actor, CharacteristicDef, Choice, CrmError, Label, Problem, ValidationFailed
from crmcore.errors import AccessDenied
from crmcore.session import Cause
from crmcore_quality.importing.casting import Caster
from crmcore_quality.importing.model import Import
from crmcore_quality.importing.persisting import persist
from crmcore_quality.importing.planning import Plan, plan_rows
from crmcore_quality.importing.sources import Source
from crmcore_quality.importing.values import Line, Outcome, Structure, refusal
from crmcore_quality.importing.writing import FATAL, write_plans, write_rows

if TYPE_CHECKING:
    from crmcore import Crm, Session

BATCH: Final = 2_000
"""Rows in one transaction: SQLite's write lock is held for about a second."""
SOURCE: Final = "import"
_ENDS: Final[Mapping[str, str]] = {"previewing": "preview", "running": "done", "cancelling": "cancelled"}
"""State of an import → the one in which it ends."""

Progress = Callable[[int], None]
"""Called after each batch with the number of rows read so far."""


class _Stopped(Exception):
    """Somebody cancelled the import, or another process runs it."""


@attrs.frozen
class Runner:
    """One import at work: ``rehearsal`` does everything and keeps only what became of the rows."""

    crm: Crm
    actor: Actor
    import_id: int
    uid: str
    structure: Structure
    columns: Sequence[str]
    rehearsal: bool = False
    batch: int = BATCH

    def run(self, source: Source, position: int, progress: Progress | None = None) -> None:
        """Work through the rows behind a line, until the end, or until somebody cancels.

        Raises:
            CrmError: what no row can help, such as a missing permission or a database that is gone; what was committed stays.
        """
        try:
            read = 0
            for lines in _batches(source.rows(position), self.batch):
                self.take(lines)
                read += len(lines)
                if progress is not None:
                    progress(read)
        except _Stopped:
            # Where another process is further, the end is its to say.
            persist(lambda: self._finish({"cancelling": "cancelled"}))
        else:
            persist(lambda: self._finish(_ENDS))

    def take(self, lines: Sequence[Line]) -> None:
        """Write some rows in one transaction; when something there is refused, its halves by themselves, down to the row that is."""
        try:
            persist(lambda: self._write(lines, None))
        except (ValidationFailed, AccessDenied) as error:
            if any(problem.code in FATAL for problem in error.problems):
                raise
            if len(lines) == 1:
                refused = _first(error)
                persist(lambda: self._write(lines, refused))
                return
            middle = len(lines) // 2
            self.take(lines[:middle])
            self.take(lines[middle:])

    def _write(self, lines: Sequence[Line], refused: Problem | None) -> None:
        with self.session() as session:
            self._still(session, lines)
            prepare(session, self.structure)
            caster = Caster(session, self.structure, self.columns)
            values = [caster.cast(line) for line in lines]
            if refused is None:
                plans = plan_rows(session, self.structure, self.import_id, values)
                write_plans(session, self.structure, plans)
            else:
                plans = [Plan(each, Outcome.REJECTED, problem=refused) for each in values]
            if not self.rehearsal:
                self._keep(session, plans)
                return
            session.rehearse()
        with self.session() as session:
            self._still(session, lines)
            self._keep(session, plans)

    def session(self, source: str = SOURCE) -> Session:
        """Return a session of the actor; everything that the import writes, and its undo, has one correlation id."""
        return self.crm.session(self.actor, source=source, cause=Cause(self.uid))

    def _still(self, session: Session, lines: Sequence[Line]) -> None:
        """Leave when the import was cancelled, or another process is further."""
        record = session.require(Import, self.import_id)
        expected = "previewing" if self.rehearsal else "running"
        if record.state != expected or record.position >= lines[0].number:
            raise _Stopped

    def _keep(self, session: Session, plans: Sequence[Plan]) -> None:
        record = session.require(Import, self.import_id)
        write_rows(session, self.import_id, plans, real=not self.rehearsal)
        record.position = plans[-1].line
        record.total += len(plans)
        record.counts = add_counts(record.counts, plans, self.structure)
        session.commit()

    def _finish(self, ends: Mapping[str, str]) -> None:
        with self.session() as session:
            record = session.require(Import, self.import_id)
            if record.state in ends:
                record.state, record.finished_at = ends[record.state], session.now()
                session.commit()


def _batches(rows: Iterator[Line], size: int) -> Iterator[list[Line]]:
    while some := list(islice(rows, size)):
        yield some


def _first(error: CrmError) -> Problem:
    return error.problems[0] if error.problems else Problem(code=error.code, params=error.params)


def add_counts(counts: Mapping[str, Any], plans: Sequence[Plan], structure: Structure) -> dict[str, Any]:
    """Return what an import has counted, with some more rows."""
    rows, values, homes = (Counter(counts.get(name, {})) for name in ("rows", "values", "portfolios"))
    fields, warnings = counts.get("fields", 0), counts.get("warnings", 0)
    default = structure.portfolio.get("1", "")
    for plan in plans:
        rows[plan.outcome.value] += 1
        warnings += len(plan.values.problems) if plan.outcome in {Outcome.CREATED, Outcome.UPDATED} else 0
        if plan.outcome is Outcome.CREATED:
            values.update(plan.values.characteristics.keys())
            homes[plan.values.portfolios.get(1, default)] += 1
        elif plan.outcome is Outcome.UPDATED:
            values.update(name[2:] for name in plan.changes if name.startswith("c."))
            fields += len(plan.changes) + len(plan.phones) + len(plan.keys) + bool(plan.site)
    return {"rows": dict(rows), "values": dict(values), "portfolios": dict(homes), "fields": fields, "warnings": warnings}


def prepare(session: Session, structure: Structure) -> None:
    """Define the characteristics that the mapping brings, and that are not there yet."""
    there = {each.key for each in session.characteristics.definitions()}
    for key, given in structure.characteristics.items():
        if key not in there:
            session.characteristics.define(_definition(key, given))
            session.flush()


def _definition(key: str, given: Mapping[str, Any]) -> CharacteristicDef:
    label = given.get("label") or {"it": key}
    choices = tuple(Choice(code=code, label=Label(text, "")) for code, text in (given.get("choices") or {}).items())
    return CharacteristicDef(
        key=key,
        label=Label(label["it"], label.get("en", "")),
        type=given.get("type", "text"),
        unit=given.get("unit", ""),
        indexed=bool(given.get("indexed", False)),
        choices=choices,
    )


def check_structure(session: Session, structure: Structure, columns: Sequence[str], name: str) -> None:
    """Refuse a mapping that does not fit the file, or the deployment.

    Raises:
        ImportRefused: ``QUALITY_IMPORT_COLUMN_MISSING``, ``QUALITY_IMPORT_MAPPING``.
    """
    for target in structure.columns:
        if target.column not in columns:
            known = ", ".join(columns)
            raise refusal("QUALITY_IMPORT_COLUMN_MISSING", name=name, column=target.column, mapping=structure.name, known=known[:500])
    from crmcore_quality.importing.checking import reasons  # noqa: PLC0415 - it is used by the configuration, too

    there = {each.key for each in session.characteristics.definitions()} | structure.characteristics.keys()
    for _, reason in reasons(structure, there):
        raise refusal("QUALITY_IMPORT_MAPPING", mapping=structure.name, reason=reason)
