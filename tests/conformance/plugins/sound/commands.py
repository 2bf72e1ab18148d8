import click
from sqlalchemy import select

from crmcore.cli import pass_crm
from sound.model import Note


@click.command()
@pass_crm
def list_all(crm):
    """List every note."""
    with crm.session("cli") as session:
        for note in session.scalars(select(Note)):
            click.echo(note.body)
