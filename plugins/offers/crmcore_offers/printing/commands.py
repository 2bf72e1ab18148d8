"""Commands under `crm offers` that print."""

from __future__ import annotations

from pathlib import Path

import click
from sqlalchemy import select

from crmcore import Actor, Crm, Session, ValidationFailed
from crmcore.cli import current_output, pass_crm
from crmcore_offers.codes import refuse
from crmcore_offers.model import Document
from crmcore_offers.printing.prints import Prints
from crmcore_offers.printing.templates import TEXT, WORD, template_for


@click.command("print")
@click.argument("reference")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--template", default=None, help="Code of the template; otherwise that of the order type.")
@click.option("--revision", type=click.IntRange(min=0), default=None, help="A revision, as it was; otherwise the document as it is.")
@click.option("--login", default=None, help="Whose eyes to see with; otherwise the system's.")
@pass_crm
def print_document(crm: Crm, reference: str, file: Path, template: str | None, revision: int | None, login: str | None) -> None:
    """Print a document, by its reference or id, into a file: a PDF, or what the template's format and the file's ending say."""
    with crm.session(login or Actor.system("cli")) as session:
        document = _find(session, reference)
        prints = Prints(session)
        source = template_for(session, template, document.type)
        if source.format == WORD:
            content = prints.word(document, source.code, revision)
        elif source.format == TEXT and file.suffix.lower() != ".pdf":
            content = prints.text(document, source.code, revision).encode("utf-8")
        else:
            content = prints.pdf(document, source.code, revision)
    file.write_bytes(content)
    italian = current_output().lang() == "it"
    current_output().say(f"{len(content)} byte in {file}" if italian else f"{len(content)} bytes in {file}")


@click.command("check-template")
@click.argument("code")
@pass_crm
def check_template(crm: Crm, code: str) -> None:
    """Say what is wrong with a print template; unknown placeholders are listed, all of them."""
    with crm.session(Actor.system("cli")) as session:
        problems = Prints(session).check(code)
    if problems:
        raise ValidationFailed("VALIDATION_FAILED", problems)
    current_output().say("Il modello va bene." if current_output().lang() == "it" else "The template is sound.")


def _find(session: Session, reference: str) -> Document:
    """Return the newest document with a reference, or the one with an id."""
    found: Document | None = session.scalar(select(Document).where(Document.reference == reference).order_by(Document.id.desc()).limit(1))
    if found is None and reference.isdigit():
        found = session.get(Document, int(reference))
    if found is None:
        raise refuse("OFFERS_PRINT_DOCUMENT", reference, reference=reference)
    return found
