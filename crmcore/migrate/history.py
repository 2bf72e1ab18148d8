"""The revisions of one plugin, read from their files without importing them, and without importing Alembic.

Opening a Crm asks for the newest revision of every plugin, and must stay quick: Alembic alone would cost more than everything else.
"""

from __future__ import annotations

import ast
import importlib.util
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

import attrs

from crmcore.errors import Problem, StartError
from crmcore.hooks import Migrations

REVISION_LENGTH: Final = 32
"""Characters that Alembic's version column holds; SQLite would take more, PostgreSQL refuses them."""

_ASSIGNMENT: Final = re.compile(r"^(revision|down_revision|depends_on)\b\s*(?::[^=\n]+)?=[ \t]*(.+?)[ \t]*(?:#.*)?$", re.MULTILINE)
_NAMES: Final = ("revision", "down_revision", "depends_on")


@attrs.frozen
class Revision:
    """Name one revision, what it follows, and its file."""

    id: str
    down: tuple[str, ...]
    depends_on: bool
    path: Path

    @property
    def message(self) -> str:
        """The words of the file's name: ``warranty_0002_add_months.py`` is "add months"."""
        return self.path.stem.removeprefix(self.id).strip("_").replace("_", " ")


@attrs.frozen
class History:
    """Hold the revisions of one plugin by id, and those that nothing follows."""

    folder: Path
    revisions: Mapping[str, Revision]

    @property
    def heads(self) -> tuple[str, ...]:
        """The revisions that no other follows; a sound history has exactly one."""
        followed = {down for revision in self.revisions.values() for down in revision.down}
        return tuple(sorted(self.revisions.keys() - followed))


class HistoryUnreadable(ValueError):
    """Raised inside this package when the folder or a file of it cannot be read; the text is the reason."""


def version_table(plugin: str) -> str:
    """Return the name of the table that holds the revision a plugin is at."""
    return f"crm_schema_{plugin}"


def find_folder(migrations: Migrations) -> Path:
    """Return the folder of the revisions on disk, importing at most the parents of the package.

    Raises `HistoryUnreadable` when there is none, also when the package lies in an archive: Alembic needs files.
    """
    try:
        spec = importlib.util.find_spec(migrations.package)
    except (ImportError, ValueError, AttributeError) as error:
        message = f"the package cannot be found: {error}"
        raise HistoryUnreadable(message) from error
    if spec is None:
        message = "there is no such package"
        raise HistoryUnreadable(message)
    if not spec.submodule_search_locations:
        message = "it is a module, not a package"
        raise HistoryUnreadable(message)
    candidates = [Path(location, migrations.folder) for location in spec.submodule_search_locations]
    for folder in candidates:
        if folder.is_dir():
            return folder
    message = f"there is no folder {migrations.folder!r} in it"
    raise HistoryUnreadable(message)


def read_history(migrations: Migrations) -> History:
    """Read every revision file of a folder; raises `HistoryUnreadable` naming the file that cannot be read."""
    folder = find_folder(migrations)
    # What Alembic itself takes for a revision.
    files = sorted(path for path in folder.glob("*.py") if not path.name.startswith(("__init__", ".#")))
    found: dict[str, Revision] = {}
    for path in files:
        revision = _read_revision(path)
        if revision.id in found:
            message = f"revision {revision.id!r} is in {found[revision.id].path.name} and in {path.name}"
            raise HistoryUnreadable(message)
        found[revision.id] = revision
    if not found:
        message = f"the folder {migrations.folder!r} holds no revision"
        raise HistoryUnreadable(message)
    return History(folder, found)


def heads(migrations: Migrations) -> str:
    """Return the newest revision; raises `StartError` with every problem when the history has not exactly one."""
    return read_sound_history(migrations).heads[0]


def read_sound_history(migrations: Migrations) -> History:
    """Read a history that has one head; raises `StartError` with every problem otherwise."""
    try:
        history = read_history(migrations)
    except HistoryUnreadable as error:
        raise StartError(problems=[_unreadable(None, migrations, str(error))]) from error
    if problems := list(_line_problems(None, migrations, history)):
        raise StartError(problems=problems)
    return history


def check_migrations(plugin: str, migrations: Migrations) -> list[Problem]:
    """Return everything that is wrong with the revisions of a plugin, as far as their files tell; nothing is imported or run."""
    try:
        history = read_history(migrations)
    except HistoryUnreadable as error:
        return [_unreadable(plugin, migrations, str(error))]
    return [*_revision_problems(plugin, migrations, history), *_line_problems(plugin, migrations, history)]


def _revision_problems(plugin: str, migrations: Migrations, history: History) -> Iterable[Problem]:
    prefix = f"{plugin}_"
    for revision in history.revisions.values():
        if not revision.id.startswith(prefix) or len(revision.id) > REVISION_LENGTH:
            yield Problem(
                code="MIGRATIONS_REVISION",
                params={"revision": revision.id, "prefix": prefix},
                plugin=plugin,
                hook="crm_migrations",
                object=revision.path.name,
            )
        if revision.depends_on:
            # Each plugin has a version table of its own, so Alembic cannot see the revisions of another.
            reason = f"{revision.path.name} sets depends_on; the order of plugins comes from `requires`"
            yield _unreadable(plugin, migrations, reason)


def _line_problems(plugin: str | None, migrations: Migrations, history: History) -> Iterable[Problem]:
    for revision in history.revisions.values():
        for down in revision.down:
            if down not in history.revisions:
                yield _unreadable(plugin, migrations, f"{revision.path.name} follows {down!r}, which does not exist")
    found = history.heads
    if not found:
        yield _unreadable(plugin, migrations, "the revisions follow each other in a circle")
    elif len(found) > 1:
        yield Problem(
            code="MIGRATIONS_HEADS",
            params={"count": len(found), "heads": ", ".join(found)},
            plugin=plugin,
            hook="crm_migrations",
            object=f"{migrations.package}/{migrations.folder}",
        )
    elif circle := _off_the_line(history):
        yield _unreadable(plugin, migrations, f"these revisions follow each other in a circle: {', '.join(circle)}")


def _off_the_line(history: History) -> list[str]:
    seen: set[str] = set()
    ahead = list(history.heads)
    while ahead:
        name = ahead.pop()
        if name in history.revisions and name not in seen:
            seen.add(name)
            ahead.extend(history.revisions[name].down)
    return sorted(history.revisions.keys() - seen)


def _unreadable(plugin: str | None, migrations: Migrations, reason: str) -> Problem:
    return Problem(
        code="MIGRATIONS_FOLDER",
        params={"package": migrations.package, "reason": reason},
        plugin=plugin,
        hook="crm_migrations",
        object=f"{migrations.package}/{migrations.folder}",
    )


def _read_revision(path: Path) -> Revision:
    try:
        text = path.read_text(encoding="utf-8")
        values = _scan(text)
        if values is None:
            values = _parse(text)
    except (OSError, SyntaxError, ValueError) as error:
        message = f"{path.name} cannot be read: {error}"
        raise HistoryUnreadable(message) from error
    identity, down = values.get("revision"), values.get("down_revision")
    if not isinstance(identity, str) or not identity:
        message = f"{path.name} has no `revision` of type text"
        raise HistoryUnreadable(message)
    names = () if down is None else (down,) if isinstance(down, str) else down
    if not isinstance(names, tuple | list) or not all(isinstance(name, str) for name in names):
        message = f"{path.name} has a `down_revision` that is neither text nor None"
        raise HistoryUnreadable(message)
    return Revision(identity, tuple(names), bool(values.get("depends_on")), path)


def _scan(text: str) -> dict[str, object] | None:
    """Read the assignments with a regular expression; None when they are not the plain lines that nearly every file has."""
    pairs = _ASSIGNMENT.findall(text)
    counts = Counter(name for name, _ in pairs)
    if counts["revision"] != 1 or counts["down_revision"] != 1 or max(counts.values()) > 1:
        return None
    values: dict[str, object] = {}
    for name, literal in pairs:
        try:
            values[name] = ast.literal_eval(literal)
        except (SyntaxError, ValueError):
            return None
    return values


def _parse(text: str) -> dict[str, object]:
    """Read the assignments from the syntax tree; raises ValueError for one that is not a literal."""
    values: dict[str, object] = {}
    for node in ast.parse(text).body:
        targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        value = node.value if isinstance(node, ast.Assign | ast.AnnAssign) else None
        for target in targets:
            if isinstance(target, ast.Name) and target.id in _NAMES and value is not None:
                values[target.id] = ast.literal_eval(value)
    return values
