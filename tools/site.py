"""Build the documentation: hand-written pages, and the reference from the code, into build/site."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

import click

from tools.reference.pages import PAGES
from tools.repository import BUILD, DOCS, ROOT

SOURCE: Final = BUILD / "docs"
"""Where mkdocs.yml looks for pages."""


def write_source(folder: Path = SOURCE) -> list[Path]:
    """Write all pages into a folder, which is emptied first, and return the generated ones."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(DOCS, folder, ignore=shutil.ignore_patterns("*.toml"))
    written = []
    for name, page in PAGES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(page(), encoding="utf-8")
        written.append(path)
    return written


@click.command()
def main() -> None:
    """Write the reference, and build the site."""
    generated = write_source()
    click.echo(f"wrote {len(generated)} pages of reference")
    command = [sys.executable, "-m", "zensical", "build", "--clean", "--strict", "--config-file", "mkdocs.yml"]
    sys.exit(subprocess.run(command, cwd=ROOT, check=False).returncode)  # noqa: S603 - our own command


if __name__ == "__main__":
    main()
