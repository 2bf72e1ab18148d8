"""Commands under `crm offers`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Final

import click
from sqlalchemy import select

from crmcore import Account, Actor, Crm, Session
from crmcore.cli import current_output, pass_crm
from crmcore.errors import RecordNotFound
from crmcore.rendering import amount, price, quantity
from crmcore_offers.archive.catalogue import find_type, probability_of
from crmcore_offers.archive.documents import Documents
from crmcore_offers.archive.rows import NewRow
from crmcore_offers.codes import refuse
from crmcore_offers.model import Document

_AS = click.option("--as", "login", default=None, help="As this user, with what that one may see and do; otherwise as the system.")


_FORMATS: Final[Mapping[str, Callable[[Decimal, str], str]]] = {"quantity": quantity, "price": price, "net": amount}
_WORDS: Final = {
    "key": "chiave",
    "type": "tipo",
    "reference": "numero",
    "revision": "revisione",
    "issued_on": "data",
    "account": "anagrafica",
    "state": "stato",
    "probability": "probabilità",
    "taxable": "imponibile",
    "vat_amount": "IVA",
    "total": "totale",
    "confirmation": "conferma",
    "position": "riga",
    "code": "codice",
    "description": "descrizione",
    "quantity": "quantità",
    "unit": "UM",
    "price": "prezzo",
    "discounts": "sconti",
    "vat": "IVA",
    "net": "importo",
    "old": "da",
    "new": "a",
    "override": "forzato",
    "predecessor": "da documento",
}
"""Columns → what they are called in Italian."""
_ROW_PARTS: Final = ("product", "quantity", "price", "discounts")
_ROW_METAVAR: Final = "PRODUCT[:QUANTITY[:PRICE[:DISCOUNTS]]]"


def _say(it: str, en: str) -> str:
    return it if current_output().lang() == "it" else en


def _actor(login: str | None) -> Actor:
    return Actor.system("cli") if login is None else Actor.user(login)


def _find(session: Session, reference: str) -> Document:
    """Return a document by its number, as people write it, or by its key: ``#12``."""
    if reference.startswith("#") and reference[1:].isdecimal():
        return session.require(Document, int(reference[1:]))
    found = Documents(session).find(reference)
    if not found:
        raise RecordNotFound("NOT_FOUND", entity=Document.entity_name(), id=reference)
    if len(found) > 1:
        raise refuse("OFFERS_REFERENCE_AMBIGUOUS", reference=reference, keys=", ".join(f"#{each.id} {each.type}" for each in found))
    return found[0]


@click.command("show")
@click.argument("reference", metavar="REF")
@_AS
@pass_crm
def show(crm: Crm, reference: str, login: str | None) -> None:
    """Show a document with its rows; REF is its number, or #KEY."""
    output = current_output()
    with crm.session(_actor(login)) as session:
        documents, found = Documents(session), _find(session, reference)
        document = session.shown(found)
        account = session.shown(session.require(Account, found.account_id))
        state = session.states.of(found) if document.state else None
        order_type = documents.type_of(found)
        label = order_type.label_it if output.lang() == "it" else order_type.label_en or order_type.label_it
        head = {
            "key": document.id,
            "type": f"{document.type} {label}",
            "reference": document.reference,
            "revision": document.revision_number,
            "issued_on": document.issued_on,
            "account": account.name,
            "state": state.label.text(output.lang()) if state is not None else "",
            "probability": probability_of(session, found) if "probability" not in session.hidden(Document) else None,
            "taxable": document.taxable,
            "vat_amount": document.vat_amount,
            "total": document.total,
            "confirmation": document.confirmation,
        }
        columns = ("position", "code", "description", "quantity", "unit", "price", "discounts", "vat", "net", "state")
        rows = [tuple(getattr(row, column) for column in columns) for row in map(session.shown, documents.rows(found))]
    if output.as_json:
        told = [dict(zip(columns, ("" if value is None else value for value in row), strict=True)) for row in rows]
        output.json({**head, "rows": told})
        return
    output.table((_say("campo", "field"), _say("valore", "value")), [(_word(name), value) for name, value in head.items()])
    output.heading(_say("Righe", "Rows"))
    shown = [tuple(_shown(name, value) for name, value in zip(columns, row, strict=True)) for row in rows]
    output.table([_word(name) for name in columns], shown, empty=_say("Nessuna riga.", "No rows."))


def _shown(column: str, value: object) -> object:
    """Return a value of a row as people read it."""
    if isinstance(value, Decimal) and column in _FORMATS:
        return _FORMATS[column](value, current_output().lang())
    return "" if value is None else value


def _word(column: str) -> str:
    return _say(_WORDS.get(column, column), column)


def _rows(columns: Sequence[str], rows: Sequence[tuple[object, ...]]) -> None:
    """Show rows as a table with words for columns, or as JSON with their names."""
    output = current_output()
    names = columns if output.as_json else [_word(name) for name in columns]
    output.rows(names, rows, empty=_say("Nessun documento.", "No documents."))


@click.command("list")
@click.option("--type", "kind", default=None, help="Code or meaning of the order type.")
@click.option("--state", default=None, help="Code of the state.")
@click.option("--account", type=int, default=None, help="Key of the account.")
@click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True, help="How many, the last first.")
@_AS
@pass_crm
def list_documents(crm: Crm, kind: str | None, state: str | None, account: int | None, limit: int, login: str | None) -> None:
    """List documents, the last first."""
    with crm.session(_actor(login)) as session:
        wanted = (
            select(Document, *session.shown_columns(Account.name))
            .join(Account, Account.id == Document.account_id)
            .order_by(Document.id.desc())
            .limit(limit)
        )
        if kind is not None:
            wanted = wanted.where(Document.type == find_type(session, kind).code)
        if state is not None:
            wanted = wanted.where(Document.state == state)
        if account is not None:
            wanted = wanted.where(Document.account_id == account)
        listed = [(session.shown(found), name) for found, name in session.execute(wanted)]
        rows = [
            (found.id, found.type, found.reference, found.issued_on, name, found.state, found.taxable, found.total)
            for found, name in listed
        ]
    columns = ("key", "type", "reference", "issued_on", "account", "state", "taxable", "total")
    _rows(columns, rows)


class _RowType(click.ParamType[NewRow]):
    """A row: a product by its code, then quantity, price and discounts as far as they are to be said."""

    name = "row"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> NewRow:
        if isinstance(value, NewRow):
            return value
        product, *rest = str(value).split(":")
        try:
            numbers = [Decimal(each.replace(",", ".")) for each in rest[:2]]
        except ArithmeticError:
            numbers = []
        if not product or len(numbers) != len(rest[:2]) or len(rest) > len(_ROW_PARTS) - 1:
            self.fail(f"{value!r} is not {_ROW_METAVAR}", param, ctx)
        said = dict(zip(_ROW_PARTS[1:], [*numbers, *rest[2:]], strict=False))
        return NewRow(product=product, **said)  # type: ignore[arg-type]  # each is of the kind of its place


@click.command("create")
@click.argument("kind", metavar="TYPE")
@click.argument("account", type=int)
@click.option("--row", "rows", type=_RowType(), multiple=True, metavar=_ROW_METAVAR, help="A row; may be repeated.")
@click.option("--title", default="", help="What it is about.")
@click.option("--probability", type=click.IntRange(0, 100), default=None, help="Percent.")
@_AS
@pass_crm
def create(crm: Crm, kind: str, account: int, rows: tuple[NewRow, ...], *, title: str, probability: int | None, login: str | None) -> None:
    """Make a document of a TYPE, by code or meaning, for the ACCOUNT with this key.

    What a row leaves out is that of the product and of the price lists: `--row CUC-100:4` or `--row CUC-100:4:3250,00:10+5`.
    """
    with crm.session(_actor(login)) as session:
        made = Documents(session).create(kind, account, rows=rows, title=title, probability=probability)
        session.commit()
        made = session.shown(made)
        row = (made.id, made.type, made.reference, made.taxable, made.vat_amount, made.total)
    _rows(("key", "type", "reference", "taxable", "vat_amount", "total"), [row])


@click.command("state")
@click.argument("reference", metavar="REF")
@click.argument("to", metavar="STATE")
@click.option("--reason", default="", help="Why; an override needs one.")
@click.option("--override", is_flag=True, help="Take a step that the workflow does not allow.")
@_AS
@pass_crm
def change_state(crm: Crm, reference: str, to: str, *, reason: str, override: bool, login: str | None) -> None:
    """Move a document to another state."""
    with crm.session(_actor(login)) as session:
        session.require_shown(Document, "state")
        done = Documents(session).change_state(_find(session, reference), to, reason, override=override)
        session.commit()
        old, new, forced = done.old, done.new, done.override
    row = (reference, old, new, forced)
    _rows(("reference", "old", "new", "override"), [row])


@click.command("convert")
@click.argument("reference", metavar="REF")
@click.argument("kind", metavar="TYPE")
@_AS
@pass_crm
def convert(crm: Crm, reference: str, kind: str, login: str | None) -> None:
    """Make the successor of a document, of another type, with all its rows."""
    with crm.session(_actor(login)) as session:
        made = Documents(session).convert(_find(session, reference), kind)
        session.commit()
        made = session.shown(made)
        row = (made.id, made.type, made.reference, made.predecessor_id, made.taxable, made.total)
    _rows(("key", "type", "reference", "predecessor", "taxable", "total"), [row])
