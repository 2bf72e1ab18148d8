"""House rules that a linter does not know."""

from __future__ import annotations

import ast
import importlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tools.repository import ROOT, project_files, python_files, shown, syntax_tree

pytestmark = pytest.mark.feature("P2.1")

LONGEST_MODULE: Final = 400
LONGEST_FUNCTION: Final = 40
LONGER: Final = "Longer than usual:"
"""How a module or function says, at its top, why it is longer than the rule; it must also be listed here."""

LONG: Final[dict[str, str]] = {}

# Written by tools, and never read as a whole.
_REVISIONS: Final = {"versions", "migrations"}

ALLOWED: Final = {
    ("crmcore/events/clock.py", "datetime.now"): "SystemClock is the one place that asks the machine",
    ("crmcore/events/clock.py", "random.SystemRandom"): "Ids is the one place that draws",
    ("crmcore/events/clock.py", "random.Random"): "as above, seeded for tests",
    ("crmcore/access/signin/secret.py", "secrets.token_urlsafe"): "tokens and challenges: nobody may foresee them, a seed least of all",
    ("crmcore/migrate/making.py", "datetime.now"): "the date in a new revision file, which a caller may give",
    ("crmcore/migrate/transaction.py", "time.sleep"): "waits for another process that migrates",
    ("crmcore/testing/postgres.py", "time.sleep"): "waits for the server of the tests",
    ("crmcore/testing/databases.py", "secrets.token_hex"): "test databases of processes that share a server",
    ("crmcore/testing/conformance/probe.py", "print"): "the answer of a process of its own",
    ("crmcore/testing/conformance/subject.py", "secrets.token_hex"): "databases that were prepared for one subject",
}
"""Where the wall clock, chance and waiting are asked for directly, and why."""

_FORBIDDEN: Final = re.compile(
    r"print|datetime\.(now|utcnow|today)|date\.today|time\.(sleep|time|time_ns)|random\.\w+|secrets\.(token_\w+|choice)|uuid\.uuid\d"
)


def product_files() -> list[Path]:
    return [path for path in python_files("crmcore", "plugins") if "tests" not in Path(shown(path)).parts]


def code_lines(node: ast.FunctionDef | ast.AsyncFunctionDef, lines: list[str]) -> int:
    """Count the lines of a function without its signature, docstring, blank lines and comments: what one has to read to follow it."""
    body = node.body[1:] if ast.get_docstring(node) is not None else node.body
    if not body:
        return 0
    text = lines[body[0].lineno - 1 : node.end_lineno]
    return sum(bool(line.strip()) and not line.lstrip().startswith("#") for line in text)


def long_functions(path: Path) -> Iterator[str]:
    lines = path.read_text(encoding="utf-8").splitlines()
    for node in ast.walk(syntax_tree(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = code_lines(node, lines)
            top = "\n".join(lines[node.lineno - 1 : node.body[0].lineno + 8])
            if length > LONGEST_FUNCTION and LONGER not in top:
                yield f"{shown(path)}:{node.lineno}: {node.name} has {length} lines of code"


def test_modules_have_at_most_400_lines_or_say_why():
    found = []
    for path in [*product_files(), *python_files("tools")]:
        lines = path.read_text(encoding="utf-8").splitlines()
        if len(lines) <= LONGEST_MODULE or _REVISIONS & set(path.parts):
            continue
        if shown(path) not in LONG:
            found.append(f"{shown(path)}: {len(lines)} lines; split it by subject, or add it to LONG")
        elif not any(LONGER in line for line in lines[:30]):
            found.append(f"{shown(path)}: says nowhere near its top `{LONGER} …`")
    assert found == []


def test_the_list_of_long_modules_has_no_stale_entry():
    lengths = {shown(path): len(path.read_text(encoding="utf-8").splitlines()) for path in product_files()}
    assert [name for name in LONG if lengths.get(name, 0) <= LONGEST_MODULE] == []


def test_functions_have_at_most_40_lines_of_code_or_say_why():
    files = [path for path in [*product_files(), *python_files("tools")] if not _REVISIONS & set(path.parts)]
    assert [line for path in files for line in long_functions(path)] == []


def forbidden_calls(path: Path) -> Iterator[tuple[int, str]]:
    """Yield every use, also as a value, because a function may be handed on instead of called."""
    for node in ast.walk(syntax_tree(path)):
        name = ""
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            name = f"{node.value.id}.{node.attr}"
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            name = node.func.id
        if _FORBIDDEN.fullmatch(name):
            yield node.lineno, name


def test_nothing_prints_waits_draws_or_reads_the_wall_clock_by_itself():
    found = [
        f"{shown(path)}:{line}: {name}"
        for path in product_files()
        for line, name in forbidden_calls(path)
        if (shown(path), name) not in ALLOWED
    ]
    assert found == []


def test_the_list_of_allowed_places_has_no_stale_entry():
    used = {(shown(path), name) for path in product_files() for _, name in forbidden_calls(path)}
    assert sorted(set(ALLOWED) - used) == []


def test_init_modules_only_re_export():
    allowed = (ast.Import, ast.ImportFrom, ast.If)
    found = []
    for path in product_files():
        if path.name != "__init__.py" or "templates" in path.parts:
            continue
        if shown(path) == "crmcore/__init__.py":
            continue  # looks its names up when they are first used; the test below reads it
        for node in syntax_tree(path).body:
            docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
            dunder = isinstance(node, ast.Assign | ast.AnnAssign) and re.match(r"__\w+__", ast.unparse(node))
            # The module of a plugin is its package: PluginInfo and hooks that hand over are what it is there for.
            plugin = shown(path).startswith("plugins/") and isinstance(node, ast.Assign | ast.FunctionDef)
            if not (docstring or dunder or plugin or isinstance(node, allowed)):
                found.append(f"{shown(path)}:{node.lineno}: {ast.unparse(node).splitlines()[0]}")
    assert found == []


def test_the_names_of_crmcore_are_the_same_for_readers_types_and_run_time():
    import crmcore

    [typed] = [node for node in syntax_tree(ROOT / "crmcore" / "__init__.py").body if isinstance(node, ast.If)]
    imported = {alias.name for node in typed.body if isinstance(node, ast.ImportFrom) for alias in node.names}
    assert sorted([*imported, "__version__"], key=crmcore.__all__.index) == crmcore.__all__
    assert [name for name in crmcore.__all__ if getattr(crmcore, name) is None] == []
    assert sorted(set(crmcore.__all__) - set(dir(crmcore))) == []


def imported_names(path: Path) -> Iterator[tuple[int, str, str]]:
    for node in ast.walk(syntax_tree(path)):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.partition(".")[0] == "crmcore" and not node.level:
            yield from ((node.lineno, node.module, each.name) for each in node.names)
        elif isinstance(node, ast.Import):
            yield from ((node.lineno, each.name, "") for each in node.names if each.name.partition(".")[0] == "crmcore")


def test_plugins_and_examples_use_public_names_of_the_core_only():
    found = []
    for path in python_files("plugins", "examples"):
        # A revision uses no names of the core at all; what it may import is for the kit to say.
        for line, module, name in imported_names(path):
            package = ROOT / Path(*module.split(".")) / "__init__.py"
            public = package.exists() and (not name or name in getattr(importlib.import_module(module), "__all__", ()))
            if not public:
                found.append(f"{shown(path)}:{line}: {module}{f'.{name}' if name else ''}")
    assert found == []


# Spelt so that this file does not find itself.
_MACHINE: Final = re.compile(
    "|".join(
        (
            r"(?<![\w.~$}])/" + r"(?:home|Users|root|work|workspace|builds|mnt|opt)/\w",
            r"[A-Z]:\\" + r"Users\\",
            r"\b(?:extra-)?index" + r"-url\b",
            r"\bfind" + r"-links\b",
            r"\b(?:artif" + r"actory|nex" + r"us|dev" + r"pi|jf" + r"rog)\b",
            r"\b[\w-]+\.(?:internal|corp|intranet|lan)\b",
            r"\b(?:10\.\d{1,3}|192\.168|172\.(?:1[6-9]|2\d|3[01]))\.\d{1,3}\.\d{1,3}\b",
            r"\.\./" + r"shared\b",
        )
    ),
    re.IGNORECASE,
)
_BINARY: Final = {".png", ".ico", ".woff2", ".xls", ".xlsx", ".pdf", ".p7m", ".db", ".zip", ".gz"}


def test_no_file_names_a_machine_or_a_package_index():
    found = []
    for path in project_files():
        if path.suffix in _BINARY:
            continue
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
            match = _MACHINE.search(line)
            if match:
                found.append(f"{shown(path)}:{number}: {match[0]}")
    assert found == []


def test_no_module_is_called_utils():
    assert [shown(path) for path in project_files() if path.stem in {"utils", "util", "helpers", "misc", "common"}] == []
