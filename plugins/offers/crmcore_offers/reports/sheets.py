"""Reports as tables for people: the same columns on the screen, as text, and in a file for a spreadsheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal
from functools import singledispatch
from typing import Any, Final

import attrs

from crmcore import Label
from crmcore_offers.reports.commissions import Commissions
from crmcore_offers.reports.conversion import Conversion
from crmcore_offers.reports.efficacy import Efficacy, EfficacyLine, EfficacyPage
from crmcore_offers.reports.forecast import Forecast
from crmcore_offers.reports.pipeline import Pipeline

_RISKY: Final = ("=", "+", "-", "@", "\t", "\r")
"""With these a spreadsheet begins a formula."""


@attrs.frozen
class Column:
    """A column: ``name`` for programs, ``label`` for people."""

    name: str
    label: Label


@attrs.frozen
class Sheet:
    """A table; cells are texts, labels, numbers, days or None."""

    columns: tuple[Column, ...]
    rows: tuple[tuple[object, ...], ...]

    def cells(self, lang: str = "it") -> list[tuple[object, ...]]:
        """Return the rows with the labels in a language."""
        return [tuple(cell.text(lang) if isinstance(cell, Label) else cell for cell in row) for row in self.rows]

    def headings(self, lang: str = "it") -> tuple[str, ...]:
        """Return what stands above the columns."""
        return tuple(column.label.text(lang) for column in self.columns)

    def text(self, lang: str = "it") -> str:
        """Return it as aligned text: numbers on the right, as they are written in the language."""
        rows = [[_shown(cell, lang) for cell in row] for row in self.cells(lang)]
        right = [any(isinstance(row[place], Decimal | int) for row in self.rows) for place in range(len(self.columns))]
        lines = [list(self.headings(lang)), *rows]
        widths = [max(len(line[place]) for line in lines) for place in range(len(self.columns))]
        return "\n".join(
            "  ".join(
                cell.rjust(width) if number else cell.ljust(width) for cell, width, number in zip(line, widths, right, strict=True)
            ).rstrip()
            for line in lines
        )

    def csv(self, lang: str = "it") -> bytes:
        """Return it as a file for Italian spreadsheets: semicolons, decimal commas, UTF-8 with its mark.

        A text that a spreadsheet would run as a formula is given an apostrophe.
        """
        out = io.StringIO(newline="")
        writer = csv.writer(out, delimiter=";", lineterminator="\r\n")
        writer.writerow(self.headings(lang))
        writer.writerows([_filed(cell) for cell in row] for row in self.cells(lang))
        return out.getvalue().encode("utf-8-sig")


def _shown(cell: object, lang: str) -> str:
    if cell is None:
        return "-"
    if isinstance(cell, Decimal):
        grouped = f"{cell:,}"
        return grouped.translate(str.maketrans(",.", ".,")) if lang == "it" else grouped
    return str(cell)


def _filed(cell: object) -> str:
    if cell is None:
        return ""
    if isinstance(cell, Decimal):
        return str(cell).replace(".", ",")
    if isinstance(cell, date):
        return f"{cell:%d/%m/%Y}"
    text = str(cell)
    return f"'{text}" if isinstance(cell, str) and text.startswith(_RISKY) else text


@singledispatch
def sheet_of(report: Any) -> Sheet:  # noqa: ANN401 - any report
    """Return the table of a report.

    Raises:
        TypeError: when it is none.
    """
    message = f"{type(report).__name__} is no report"
    raise TypeError(message)


def _made(columns: Sequence[tuple[str, str, str, Callable[[Any], object]]], lines: Sequence[Any]) -> Sheet:
    heads = tuple(Column(name, Label(it, en)) for name, it, en, _ in columns)
    return Sheet(heads, tuple(tuple(read(line) for *_, read in columns) for line in lines))


_KEYS: Final[tuple[tuple[str, str, str, Callable[[Any], object]], ...]] = (
    ("key", "Codice", "Code", lambda line: line.key),
    ("label", "Descrizione", "Description", lambda line: line.label),
)


@sheet_of.register
def _(report: Pipeline) -> Sheet:
    sheet = _made(
        (
            *_KEYS,
            ("count", "Numero", "Count", lambda line: line.count),
            ("taxable", "Imponibile", "Taxable", lambda line: line.taxable),
            ("weighted", "Ponderato", "Weighted", lambda line: line.weighted),
        ),
        (*report.lines, report.total),
    )
    around = Label("non compreso nel totale", "not in the total")
    wider = tuple((line.key, around, line.count, line.taxable, line.weighted) for line in report.wider)
    return attrs.evolve(sheet, rows=(*sheet.rows, *wider))


@sheet_of.register
def _(report: Forecast) -> Sheet:
    return _made(
        (
            ("period", "Periodo", "Period", lambda line: line.period),
            ("agent", "Agente", "Agent", lambda line: line.agent),
            ("name", "Nome", "Name", lambda line: line.name),
            ("won", "Venduto", "Won", lambda line: line.won),
            ("weighted", "Ponderato", "Weighted", lambda line: line.weighted),
            ("expected", "Previsto", "Expected", lambda line: line.expected),
            ("target", "Obiettivo", "Target", lambda line: line.target),
            ("gap", "Mancante", "Gap", lambda line: line.gap),
            ("percent", "% venduto", "% won", lambda line: line.percent),
            ("expected_percent", "% previsto", "% expected", lambda line: line.expected_percent),
        ),
        report.lines if report.lines == (report.total,) else (*report.lines, attrs.evolve(report.total, name="Totale")),
    )


@sheet_of.register
def _(report: Conversion) -> Sheet:
    onward = [stage for stage in report.stages if any(stage.key in other.moved for other in report.stages)]
    return _made(
        (
            *_KEYS,
            ("entered", "Entrati", "Entered", lambda line: line.entered),
            ("left", "Usciti", "Left", lambda line: line.left),
            ("still", "Ancora qui", "Still here", lambda line: line.still),
            *(
                (f"to_{stage.key}", f"% → {stage.label.it}", f"% → {stage.label.en}", lambda line, key=stage.key: line.rate(key))
                for stage in onward
            ),
            ("won_rate", "% vinti", "% won", lambda line: line.won_rate),
            ("mean_days", "Giorni (media)", "Days (mean)", lambda line: line.mean_days),
            ("median_days", "Giorni (mediana)", "Days (median)", lambda line: line.median_days),
        ),
        report.stages,
    )


def wins_sheet(report: Conversion) -> Sheet:
    """Return what was decided, as a table."""
    return _made(
        (
            *_KEYS,
            ("won", "Vinti", "Won", lambda line: line.won),
            ("lost", "Persi", "Lost", lambda line: line.lost),
            ("rate", "% vinti", "% won", lambda line: line.rate),
            ("won_amount", "Importo vinto", "Amount won", lambda line: line.won_amount),
            ("lost_amount", "Importo perso", "Amount lost", lambda line: line.lost_amount),
        ),
        (*report.wins, report.total),
    )


def _efficacy(lines: Sequence[EfficacyLine], more: Sequence[tuple[str, str, str, Callable[[Any], object]]]) -> Sheet:
    return _made(
        (
            *_KEYS,
            *more,
            ("presented", "Presentato", "Presented", lambda line: line.presented),
            ("won", "Venduto", "Won", lambda line: line.won),
            ("efficacy", "% efficacia", "% efficacy", lambda line: line.efficacy),
            ("cost", "Costo", "Cost", lambda line: line.cost),
            ("margin", "Margine", "Margin", lambda line: line.margin),
            ("margin_percent", "% margine", "% margin", lambda line: line.margin_percent),
        ),
        lines,
    )


@sheet_of.register
def _(report: Efficacy) -> Sheet:
    counts: tuple[tuple[str, str, str, Callable[[Any], object]], ...] = (
        ("count", "Documenti", "Documents", lambda line: line.count),
        ("won_count", "Vinti", "Won", lambda line: line.won_count),
    )
    return _efficacy((*report.lines, report.total), counts)


@sheet_of.register
def _(report: EfficacyPage) -> Sheet:
    more: tuple[tuple[str, str, str, Callable[[Any], object]], ...] = (
        ("issued_on", "Data", "Date", lambda line: line.issued_on),
        ("type", "Tipo", "Type", lambda line: line.type),
        ("account", "Cliente", "Customer", lambda line: line.account),
        ("agent", "Agente", "Agent", lambda line: line.agent),
        ("state", "Stato", "State", lambda line: line.state),
    )
    return _efficacy(report.rows, more)


@sheet_of.register
def _(report: Commissions) -> Sheet:
    return _made(
        (
            ("person", "Codice", "Code", lambda line: line.person),
            ("name", "Nome", "Name", lambda line: line.name),
            ("day", "Data", "Date", lambda line: line.day),
            ("document", "Documento", "Document", lambda line: line.reference or str(line.document_id)),
            ("position", "Riga", "Row", lambda line: line.position),
            ("product", "Prodotto", "Product", lambda line: line.product),
            ("quantity", "Quantità", "Quantity", lambda line: line.quantity.normalize() if line.quantity else Decimal(0)),
            ("base_amount", "Base", "Base", lambda line: line.base_amount),
            ("amount", "Provvigione", "Commission", lambda line: line.amount),
            ("rule", "Regola", "Rule", lambda line: line.rule),
            ("why", "Perché", "Why", lambda line: Label(line.why("it"), line.why("en"))),
        ),
        report.lines,
    )


def people_sheet(report: Commissions) -> Sheet:
    """Return what each person gets, as a table."""
    return _made(
        (
            ("key", "Codice", "Code", lambda line: line.key),
            ("label", "Nome", "Name", lambda line: line.label),
            ("rows", "Righe", "Rows", lambda line: line.rows),
            ("base_amount", "Base", "Base", lambda line: line.base_amount),
            ("amount", "Provvigione", "Commission", lambda line: line.amount),
        ),
        report.people(),
    )
