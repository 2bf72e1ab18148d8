"""Imports of lists, as one does them: detect, preview, run, look at the report, decide what waits, undo.

How to use it::

    imports = Imports(crm)                                # as the system; Imports(crm, "anna") imports what Anna may see and write
    mapping = imports.detect(path).structure              # a proposal, for a person to look at
    preview = imports.preview(path, mapping)              # exactly what a run would do; nothing but its report is kept
    done = imports.run(path, mapping)                     # in batches; `resume` goes on after a crash, `cancel` stops it
    imports.undo(done.id)                                 # deletes what it made, and puts old values back
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import attrs
from sqlalchemy import select

from crmcore import Actor
from crmcore.errors import RecordNotFound
from crmcore_quality.importing import undoing
from crmcore_quality.importing.detecting import propose
from crmcore_quality.importing.model import Import, ImportMapping, ImportRow
from crmcore_quality.importing.persisting import persist
from crmcore_quality.importing.reporting import report_rows, write_report
from crmcore_quality.importing.running import BATCH, SOURCE, Progress, Runner, check_structure, prepare
from crmcore_quality.importing.sources import Source, open_source
from crmcore_quality.importing.values import Dialect, ReportRow, Structure, Summary, refusal

if TYPE_CHECKING:
    from crmcore import Crm, Session

PERMISSION: Final = "quality.import"
_UNDOABLE: Final = ("running", "cancelling", "cancelled", "done", "undoing", "undone")


@attrs.frozen(kw_only=True)
class Detected:
    """What was found out about a file, and the mapping that is proposed; ``samples`` are its first rows."""

    structure: Structure
    columns: tuple[str, ...]
    sheets: tuple[str, ...]
    samples: tuple[tuple[str, ...], ...]


class Imports:
    """Imports of one actor: the system, or a user, who imports into what that user sees and may write."""

    def __init__(self, crm: Crm, actor: str | Actor | None = None, *, batch: int = BATCH) -> None:
        self._crm = crm
        self._actor = Actor.system("import") if actor is None else Actor.user(actor) if isinstance(actor, str) else actor
        self._batch = batch

    # Mappings

    def mapping(self, code: str) -> Structure:
        """Return a saved mapping.

        Raises:
            ImportRefused: ``QUALITY_IMPORT_MAPPING`` when there is none.
        """
        with self._session() as session:
            found = session.scalar(select(ImportMapping).where(ImportMapping.code == code))
            if found is None:
                known = ", ".join(session.scalars(select(ImportMapping.code).order_by(ImportMapping.code))) or "-"
                raise refusal("QUALITY_IMPORT_MAPPING", mapping=code, reason=f"? ({known})")
            return Structure.of(code, {**found.definition, "label": {"it": found.label_it, "en": found.label_en}})

    def save(self, structure: Structure) -> None:
        """Keep a mapping under its name, in the place of the one that was there."""
        data = structure.data()
        label = data.pop("label") or {"it": structure.name}
        with self._session() as session:
            found = session.scalar(select(ImportMapping).where(ImportMapping.code == structure.name))
            if found is None:
                found = session.add(ImportMapping(code=structure.name, label_it=label["it"]))
            found.label_it, found.label_en, found.definition = label["it"], label.get("en", ""), data
            session.commit()

    def detect(self, path: Path, dialect: Dialect | None = None) -> Detected:
        """Propose a mapping for a file; nothing is written.

        Raises:
            ImportRefused: with what is wrong with the file.
        """
        with open_source(path, dialect) as source, self._session() as session:
            known = {each.key: each for each in session.characteristics.definitions()}
            samples = tuple(tuple(line.cells) for line, _ in zip(source.rows(), range(5), strict=False))
            return Detected(structure=propose(source, known), columns=source.columns, sheets=source.sheets, samples=samples)

    # Running

    def preview(self, path: Path, mapping: Structure | str, progress: Progress | None = None) -> Summary:
        """Do everything that `run` does, and keep only what would become of each row.

        Raises:
            ImportRefused: with what is wrong with the file or the mapping.
        """
        return self._start(path, mapping, progress, state="previewing")

    def run(self, path: Path, mapping: Structure | str, progress: Progress | None = None) -> Summary:
        """Import a file, batch by batch; an account that is refused is a rejected row, and does not stop the others.

        Raises:
            ImportRefused: with what is wrong with the file or the mapping; nothing was written.
        """
        return self._start(path, mapping, progress, state="running")

    def resume(self, import_id: int, path: Path | None = None, progress: Progress | None = None) -> Summary:
        """Go on with an import that was cancelled or killed; ``path`` says where the file is now.

        Raises:
            ImportRefused: ``QUALITY_IMPORT_STATE``, ``QUALITY_IMPORT_FILE_CHANGED``.
        """
        record = self._require(import_id, ("running", "cancelling", "cancelled", "previewing"))
        rehearsal = record.state == "previewing"
        runner = self._runner(record, rehearsal=rehearsal)
        with open_source(path or Path(record.path), runner.structure.dialect) as source:
            if source.survey.sha256 != record.sha256:
                raise refusal("QUALITY_IMPORT_FILE_CHANGED", name=source.survey.name, id=import_id)
            if not rehearsal:
                self._set_state(import_id, "running", ("running", "cancelling", "cancelled"))
            runner.run(source, record.position, progress)
        return self.summary(import_id)

    def cancel(self, import_id: int) -> Summary:
        """Stop an import after the batch that it is at; what was written stays, until somebody resumes or undoes it."""
        self._set_state(import_id, "cancelling", ("running",))
        return self.summary(import_id)

    def undo(self, import_id: int, *, conflicts: str = "keep") -> Summary:
        """Delete what an import made, and put back what it changed.

        Where somebody edited a field since, ``conflicts`` decides: "keep" leaves it and reports it, "restore" puts the old value back. New
        accounts on which somebody has worked since are always kept. An undo that was killed goes on when it is called again.

        Raises:
            ImportRefused: ``QUALITY_IMPORT_STATE``.
        """
        record = self._require(import_id, _UNDOABLE)
        self._set_state(import_id, "undoing", _UNDOABLE)
        runner = self._runner(record)
        undoing.undo_rows(runner, restore=conflicts == "restore")
        undoing.finish(runner)
        return self.summary(import_id)

    # Looking

    def summary(self, import_id: int) -> Summary:
        """Return how far an import is, and what it counted."""
        with self._session() as session:
            return _summary(session.require(Import, import_id))

    def list(self) -> tuple[Summary, ...]:
        """Return the imports that the actor sees, the last one first."""
        with self._session() as session:
            return tuple(_summary(each) for each in session.scalars(select(Import).order_by(Import.id.desc())))

    def report(self, import_id: int, *, lang: str = "it", outcomes: Sequence[str] = ()) -> Iterator[ReportRow]:
        """Yield what became of each row and cell, in the order of the file."""
        with self._session() as session:
            session.require(Import, import_id)
            yield from report_rows(session, import_id, lang, outcomes)

    def write_report(self, import_id: int, path: Path, *, lang: str = "it", outcomes: Sequence[str] = ()) -> int:
        """Write the report as CSV or, when the file is called so, XLSX; return how many lines it has."""
        return write_report(self.report(import_id, lang=lang, outcomes=outcomes), path, lang)

    def decide(self, import_id: int, line: int, decision: str, account_id: int | None = None) -> str:
        """Decide a row that waits: ``update`` an account, ``new`` or ``skip``; return its outcome.

        ``account_id`` says which account, where the row does not know it.

        Raises:
            ImportRefused: ``QUALITY_IMPORT_STATE`` when the row does not wait, or the account is not known.
            ValidationFailed: when the account may not be written so; the row goes on waiting.
        """
        from crmcore_quality.importing.deciding import decide  # noqa: PLC0415 - few imports have rows that wait

        record = self._require(import_id, ("running", "cancelling", "cancelled", "done"))
        return decide(self._runner(record), line, decision, account_id)

    # Its parts

    def _session(self) -> Session:
        session = self._crm.session(self._actor, source=SOURCE)
        if not session.may(PERMISSION):
            session.close()
            raise refusal("QUALITY_IMPORT_FORBIDDEN", login=self._actor.name)
        return session

    def _start(self, path: Path, mapping: Structure | str, progress: Progress | None, *, state: str) -> Summary:
        structure = self.mapping(mapping) if isinstance(mapping, str) else mapping
        with open_source(path, structure.dialect) as source:
            record = self._create(path, attrs.evolve(structure, dialect=source.dialect), source, state)
            self._runner(record, rehearsal=state == "previewing").run(source, record.position, progress)
        return self.summary(record.id)

    def _create(self, path: Path, structure: Structure, source: Source, state: str) -> Import:
        with self._session() as session:
            check_structure(session, structure, source.columns, source.survey.name)
            if state == "running":
                prepare(session, structure)
            record = Import(
                owner=self._actor.name,
                mapping={"name": structure.name, "structure": structure.data(), "columns": list(source.columns)},
                path=str(path.absolute()),
                sha256=source.survey.sha256,
                size=source.survey.size,
                state=state,
                position=source.dialect.header,
            )
            session.add(record)
            session.commit()
            return record

    def _runner(self, record: Import, *, rehearsal: bool = False) -> Runner:
        given = record.mapping
        return Runner(
            crm=self._crm,
            actor=self._actor,
            import_id=record.id,
            uid=record.uid,
            structure=Structure.of(given["name"], given["structure"]),
            columns=tuple(given["columns"]),
            rehearsal=rehearsal,
            batch=self._batch,
        )

    def _require(self, import_id: int, states: Sequence[str]) -> Import:
        with self._session() as session:
            record = session.get(Import, import_id)
            if record is None:
                raise RecordNotFound("NOT_FOUND", entity=Import.entity_name(), id=import_id)
            if record.state not in states:
                raise refusal("QUALITY_IMPORT_STATE", id=import_id, state=record.state, expected=", ".join(states))
            return record

    def _set_state(self, import_id: int, state: str, states: Sequence[str]) -> None:
        """Set the state; whoever runs it meanwhile writes the same record, so it is tried again."""

        def attempt() -> None:
            with self._session() as session:
                record = session.require(Import, import_id)
                if record.state not in states:
                    raise refusal("QUALITY_IMPORT_STATE", id=import_id, state=record.state, expected=", ".join(states))
                if record.state != state:
                    record.state = state
                    session.commit()

        persist(attempt)


def waiting(session: Session, import_id: int) -> Sequence[ImportRow]:
    """Return the rows of an import that wait for a decision."""
    mine = (ImportRow.import_id == import_id, ImportRow.outcome == "review")
    return session.scalars(select(ImportRow).where(*mine).order_by(ImportRow.line)).all()


def _summary(record: Import) -> Summary:
    counts = record.counts
    rows = dict(counts.get("rows", {}))
    return Summary(
        id=record.id,
        state=record.state,
        file=Path(record.path).name,
        position=record.position,
        total=record.total,
        read=sum(rows.values()),
        counts=rows,
        fields=counts.get("fields", 0),
        warnings=counts.get("warnings", 0),
        values=dict(counts.get("values", {})),
        portfolios=dict(counts.get("portfolios", {})),
    )
