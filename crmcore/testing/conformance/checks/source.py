"""The source of a plugin: no clock, chance, network, mail, process or printing of its own, and no way around the platform."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import attrs

from crmcore.errors import Problem
from crmcore.testing.conformance.subject import Subject

_ALLOW: Final = re.compile(r"#\s*crmcore:\s*allow\s+(?P<kind>[a-z]+)\s*(?:[-\u2013\u2014:]\s*(?P<reason>\S.*))?$")

_CALLS: Final = {
    "datetime.datetime.now": "clock",
    "datetime.datetime.utcnow": "clock",
    "datetime.datetime.today": "clock",
    "datetime.date.today": "clock",
    "time.time": "clock",
    "time.time_ns": "clock",
    "time.localtime": "clock",
    "time.gmtime": "clock",
    "sqlalchemy.func.now": "clock",
    "sqlalchemy.func.current_timestamp": "clock",
    "sqlalchemy.func.current_date": "clock",
    "time.sleep": "sleep",
    "asyncio.sleep": "sleep",
    "uuid.uuid1": "random",
    "uuid.uuid4": "random",
    "os.urandom": "random",
    "os.system": "process",
    "os.popen": "process",
    "os.fork": "process",
    "sqlalchemy.create_engine": "engine",
    "print": "print",
    "builtins.print": "print",
}
"""Dotted name → kind, of what may not be used."""
_MODULES: Final = {
    "random": "random",
    "secrets": "random",
    "socket": "network",
    "http.client": "network",
    "urllib.request": "network",
    "urllib3": "network",
    "requests": "network",
    "httpx": "network",
    "aiohttp": "network",
    "ftplib": "network",
    "smtplib": "mail",
    "imaplib": "mail",
    "poplib": "mail",
    "subprocess": "process",
    "multiprocessing": "process",
    "sqlite3": "engine",
    "psycopg": "engine",
}
"""Module → kind, of what may not be imported."""
_AROUND: Final = {("guard", "lifted"): "guard", ("crm", "engine"): "engine"}
"""The last two names of what only the platform may use, whatever it is read from → kind."""


@attrs.frozen
class _Use:
    line: int
    what: str
    kind: str


def source(subject: Subject) -> Iterator[Problem]:
    """Take time, ids and everything outside from the session; a line may be allowed with a reason."""
    for path in _files(subject):
        text = path.read_text("utf-8")
        lines = text.splitlines()
        for use in sorted(set(_uses(ast.parse(text))), key=lambda use: (use.line, use.what)):
            allowed = _ALLOW.search(lines[use.line - 1])
            if allowed and allowed["kind"] == use.kind and allowed["reason"]:
                continue
            reason = ": the comment that allows it gives no reason" if allowed and allowed["kind"] == use.kind else ""
            place = f"{path.name}:{use.line}"
            yield subject.problem("KIT_SOURCE", place, place=place, what=use.what, kind=use.kind, reason=reason)


def _files(subject: Subject) -> list[Path]:
    locations = getattr(subject.module, "__path__", None)
    if locations is None:
        return [Path(subject.module.__file__)] if subject.module.__file__ else []
    found = [path for location in locations for path in Path(location).rglob("*.py") if "tests" not in path.relative_to(location).parts]
    return sorted(found)


def _uses(tree: ast.Module) -> Iterator[_Use]:
    names = _imported(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield from _forbidden_imports(node)
        elif isinstance(node, ast.Attribute | ast.Name):
            dotted = _dotted(node, names)
            if dotted in _CALLS and isinstance(node.ctx, ast.Load):
                yield _Use(node.lineno, dotted, _CALLS[dotted])
            around = (_last(node.value), node.attr) if isinstance(node, ast.Attribute) else ("", "")
            if around in _AROUND:
                yield _Use(node.lineno, ".".join(around), _AROUND[around])


def _last(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _forbidden_imports(node: ast.Import | ast.ImportFrom) -> Iterator[_Use]:
    base = (
        [f"{node.module}.{alias.name}" for alias in node.names]
        if isinstance(node, ast.ImportFrom)
        else [alias.name for alias in node.names]
    )
    for name in base:
        for module, kind in _MODULES.items():
            if name == module or name.startswith(f"{module}."):
                yield _Use(node.lineno, module, kind)


def _imported(tree: ast.Module) -> dict[str, str]:
    """Return local name → dotted name of what it was imported from."""
    found = {"print": "print"}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                found[alias.asname or alias.name.partition(".")[0]] = alias.name if alias.asname else alias.name.partition(".")[0]
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            found |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
    return found


def _dotted(node: ast.Attribute | ast.Name, names: dict[str, str]) -> str:
    parts: list[str] = []
    here: ast.expr = node
    while isinstance(here, ast.Attribute):
        parts.append(here.attr)
        here = here.value
    if not isinstance(here, ast.Name) or here.id not in names:
        return ""
    return ".".join([names[here.id], *reversed(parts)])
