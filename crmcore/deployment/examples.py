"""The example deployments: folders that `crm init --example` copies."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from crmcore.deployment.loader import MAIN_FILE, main_file
from crmcore.deployment.reference import flow, scalar
from crmcore.errors import ConfigurationError, UsageError

_PACKAGE: Final = Path(__file__).parent
_README: Final = "README.md"


def _folder() -> Path:
    """Return where the examples are: inside the package, or, in a checkout, beside it."""
    installed = _PACKAGE / "example_deployments"
    return installed if installed.is_dir() else _PACKAGE.parents[1] / "examples" / "deployments"


def examples() -> dict[str, str]:
    """Return the names of the examples, each with the first heading of its README."""
    found = {}
    for folder in sorted(_folder().iterdir()) if _folder().is_dir() else ():
        if (folder / MAIN_FILE).is_file():
            found[folder.name] = (folder / _README).read_text(encoding="utf-8").partition("\n")[0].lstrip("# ")
    return found


def write_example(
    target: str | Path, name: str, *, database: str = "sqlite:///crm.db", plugins: Iterable[str] = (), zone: str = ""
) -> Path:
    """Copy an example into a folder, for another database if need be, and return its main file.

    Raises:
        UsageError: ``EXAMPLE_UNKNOWN``.
        ConfigurationError: ``DEPLOYMENT_EXISTS`` when one of its files is there already.
    """
    known = examples()
    if name not in known:
        raise UsageError("EXAMPLE_UNKNOWN", name=name, known=", ".join(known))
    source, folder = _folder() / name, Path(target)
    files = [path for path in sorted(source.rglob("*")) if path.is_file() and not path.name.endswith((".db", ".db-wal", ".db-shm"))]
    for path in files:
        if (folder / path.relative_to(source)).exists():
            raise ConfigurationError("DEPLOYMENT_EXISTS", path=str(folder / path.relative_to(source)))
    # The main file comes last: without it, the folder is no deployment yet.
    for path in sorted(files, key=lambda path: path == source / MAIN_FILE):
        text = path.read_text(encoding="utf-8")
        if path == source / MAIN_FILE:
            text = _adapted(text, database, list(plugins), zone)
        copy = folder / path.relative_to(source)
        copy.parent.mkdir(parents=True, exist_ok=True)
        with copy.open("x", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
    return main_file(folder)


def _adapted(text: str, database: str, plugins: list[str], zone: str) -> str:
    """Return the main file of an example with what the caller chose."""
    lines = {"database": scalar(database), "zone": scalar(zone) if zone else None, "plugins": flow(plugins) if plugins else None}
    for key, value in lines.items():
        if value is not None:
            before, found, after = text.partition(f"\n{key}: ")
            text = f"{before}{found}{value}\n{after.partition(chr(10))[2]}" if found else text
    return text
