"""Take an import back: delete what it made, and put old values back, three ways where somebody has edited since."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import attrs
from sqlalchemy import inspect, select

from crmcore import Account, Entity, Problem, ValidationFailed
from crmcore.errors import AccessDenied
from crmcore.model import AUDIT, AccountPortfolio, BusinessUnit, Portfolio, Site
from crmcore_quality.importing.model import Import, ImportRow
from crmcore_quality.importing.persisting import persist
from crmcore_quality.importing.values import Outcome, problem
from crmcore_quality.importing.writing import set_fields

if TYPE_CHECKING:
    from crmcore import Session
    from crmcore_quality.importing.running import Runner

BATCH: Final = 500
UNDO: Final = "undo:import"
"""The source of what an undo writes: the core lets an account be without a legal site again."""
UNDONE: Final = "undone"
KEPT: Final = "kept"

Named = tuple[str, int]


def undo_rows(runner: Runner, *, restore: bool) -> None:
    """Take back the rows of an import, the last ones first, some in each transaction; ``restore`` overrides what was edited since."""
    wanted = ("", KEPT) if restore else ("",)
    low: int | None = None
    while True:
        with runner.session(UNDO) as session:
            mine = [
                ImportRow.import_id == runner.import_id,
                ImportRow.outcome.in_((Outcome.CREATED.value, Outcome.UPDATED.value)),
                ImportRow.undone.in_(wanted),
            ]
            if low is not None:
                mine.append(ImportRow.line < low)
            lines = list(session.scalars(select(ImportRow.line).where(*mine).order_by(ImportRow.line.desc()).limit(BATCH)))
        if not lines:
            return
        low = lines[-1]
        _undo_some(runner, lines, restore=restore)


def _undo_some(runner: Runner, lines: Sequence[int], *, restore: bool) -> None:
    """Take some rows back in one transaction; where something is refused, its halves by themselves, down to the row that stays."""
    try:
        persist(lambda: _undo_now(runner, lines, None, restore=restore))
    except (ValidationFailed, AccessDenied) as error:
        if len(lines) > 1:
            middle = len(lines) // 2
            _undo_some(runner, lines[:middle], restore=restore)
            _undo_some(runner, lines[middle:], restore=restore)
            return
        refused = error.problems[0] if error.problems else Problem(code=error.code, params=error.params)
        persist(lambda: _undo_now(runner, lines, refused, restore=restore))


def _undo_now(runner: Runner, lines: Sequence[int], refused: Problem | None, *, restore: bool) -> None:
    with runner.session(UNDO) as session:
        mine = (ImportRow.import_id == runner.import_id, ImportRow.line.in_(lines))
        rows = list(session.scalars(select(ImportRow).where(*mine).order_by(ImportRow.line.desc())))
        work = _Undo(session, runner.uid, restore=restore)
        if refused is None:
            work.changed([row for row in rows if row.outcome == Outcome.UPDATED.value])
            work.created([row for row in rows if row.outcome == Outcome.CREATED.value])
        else:
            told = {"code": refused.code, "column": "", "value": "", "it": refused.text("it"), "en": refused.text("en")}
            for row in rows:
                row.undone, row.problems = KEPT, [*row.problems, told]
        session.commit()


def finish(runner: Runner) -> None:
    """Say that the undo is over."""
    with runner.session() as session:
        record = session.require(Import, runner.import_id)
        record.state, record.finished_at = "undone", session.now()
        session.commit()


@attrs.define
class _Undo:
    """The undo of some rows, in one transaction."""

    session: Session
    uid: str
    restore: bool = attrs.field(kw_only=True)

    # What was changed

    def changed(self, rows: Sequence[ImportRow]) -> None:
        """Put the old values back that are still as the import left them, and delete what it added."""
        ids = {row.account_id for row in rows if row.account_id is not None}
        accounts = {each.id: each for each in self.session.scalars(select(Account).where(Account.id.in_(ids)))} if ids else {}
        numbers = {int(name.split(".")[1]) for row in rows for name in row.after if name.startswith("site.")}
        sites = {each.id: each for each in self.session.scalars(select(Site).where(Site.id.in_(numbers)))} if numbers else {}
        homes = self._portfolios(ids)
        touched = self._touched({_pair(each) for row in rows for each in row.made})
        for row in rows:
            account = accounts.get(row.account_id or 0)
            if account is None:
                row.undone = KEPT
                continue
            kept = self._put_back(row, account, sites, homes)
            left = self._delete(row, touched)
            row.undone = KEPT if kept or left else UNDONE
            row.problems = (
                [each for each in row.problems if each["code"] not in {"QUALITY_IMPORT_KEPT", "QUALITY_IMPORT_USED"}] + kept + left
            )
        self.session.flush()

    def _put_back(self, row: ImportRow, account: Account, sites: Mapping[int, Site], homes: Mapping[Named, str]) -> list[dict[str, str]]:
        wanted: dict[str, Any] = {}
        kept: list[dict[str, str]] = []
        for name, after in row.after.items():
            before = row.before.get(name)
            now = _present(account, sites, homes, name)
            if _same(now, before):
                continue
            if _same(now, after) or self.restore:
                wanted[name] = before
            else:
                kept.append(_told("QUALITY_IMPORT_KEPT", name, str(now), field=name, now=now))
        wanted = {name: value for name, value in wanted.items() if not name.startswith("site.") or int(name.split(".")[1]) in sites}
        set_fields(self.session, account, sites, wanted)
        return kept

    def _portfolios(self, ids: Iterable[int]) -> dict[Named, str]:
        query = (
            select(AccountPortfolio.account_id, BusinessUnit.number, Portfolio.code)
            .join(Portfolio, Portfolio.id == AccountPortfolio.portfolio_id)
            .join(BusinessUnit, BusinessUnit.id == AccountPortfolio.business_unit_id)
            .where(AccountPortfolio.account_id.in_(ids))
        )
        return {(f"portfolio.{row[1]}", row[0]): row[2] for row in self.session.execute(query)}

    # What was made

    def created(self, rows: Sequence[ImportRow]) -> None:
        """Delete the accounts that the import made and that nobody has worked on since."""
        own = {_pair(each) for row in rows for each in row.made}
        touched = self._touched(own) | self._used({row.account_id for row in rows if row.account_id is not None}, own)
        gone: list[Named] = []
        for row in rows:
            mine = [_pair(each) for each in row.made]
            if row.account_id is None or not touched.isdisjoint(mine):
                row.undone = KEPT
                row.problems = [*row.problems, _told("QUALITY_IMPORT_USED", "", str(row.account_id or ""), id=row.account_id)]
            else:
                row.undone = UNDONE
                gone += mine
        self._delete_all(gone)

    def _delete(self, row: ImportRow, touched: set[Named]) -> list[dict[str, str]]:
        mine = [_pair(each) for each in row.made]
        self._delete_all([each for each in mine if each not in touched])
        return [_told("QUALITY_IMPORT_KEPT", name, str(key), field=name, now=key) for name, key in mine if (name, key) in touched]

    def _delete_all(self, named: Iterable[Named]) -> None:
        groups: dict[str, list[int]] = defaultdict(list)
        for name, key in named:
            groups[name].append(key)
        for name, keys in groups.items():
            cls = self.session.registry.entities[name]
            for record in self.session.scalars(select(cls).where(cls.id.in_(keys))):
                self.session.delete(record)
        self.session.flush()

    def _touched(self, named: Iterable[Named]) -> set[Named]:
        """Return the records that somebody else has written since they were made, as the audit has it."""
        groups: dict[str, list[int]] = defaultdict(list)
        for name, key in named:
            groups[name].append(key)
        found: set[Named] = set()
        # The audit, and what others made, is there for everybody to be respected, also where the user may not read it.
        with self.session.unguarded("quality"):
            for name, keys in groups.items():
                others = (AUDIT.c.entity == name, AUDIT.c.entity_id.in_(keys), AUDIT.c.correlation_id != self.uid)
                found |= {(name, key) for key in self.session.execute(select(AUDIT.c.entity_id).where(*others)).scalars()}
        return found

    def _used(self, ids: set[int], own: set[Named]) -> set[Named]:
        """Return the accounts that something else refers to than what the import made with them."""
        found: set[Named] = set()
        with self.session.unguarded("quality"):
            for name, cls in self.session.registry.entities.items():
                # Only machines write tables without history: what they refer to is nobody's work.
                for column in _references(cls) if cls.__audited__ else ():
                    rows = self.session.execute(select(column, cls.id).where(column.in_(ids)))
                    found |= {("account", row[0]) for row in rows if (name, row[1]) not in own}
        return found


def _references(cls: type[Entity]) -> list[Any]:
    """Return the columns of an entity that refer to accounts."""
    key = Account.__table__.c.id
    return [
        getattr(cls, prop.key)
        for prop in inspect(cls).column_attrs
        if any(foreign.column is key for column in prop.columns for foreign in column.foreign_keys)
    ]


def _pair(each: Sequence[Any]) -> Named:
    return str(each[0]), int(each[1])


# Any JSON value.
def _same(one: Any, other: Any) -> bool:  # noqa: ANN401
    return type(one) is type(other) and bool(one == other)


# Any value of a field.
def _present(account: Account, sites: Mapping[int, Site], homes: Mapping[Named, str], name: str) -> Any:  # noqa: ANN401
    """Return the present value of a field by the name that plans give it."""
    kind, _, rest = name.partition(".")
    if kind == "c":
        return account.characteristics.get(rest)
    if kind == "portfolio":
        return homes.get((name, account.id))
    if kind == "site":
        number, _, part = rest.partition(".")
        return getattr(sites.get(int(number)), part, None)
    return getattr(account, name)


def _told(code: str, column: str, value: str, **params: object) -> dict[str, str]:
    found = problem(code, **params)
    return {"code": code, "column": column, "value": value, "it": found.text("it"), "en": found.text("en")}
