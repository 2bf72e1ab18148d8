"""What importing crmcore costs beyond importing SQLAlchemy."""

from __future__ import annotations

import resource
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable

from bench.measure import Figure, interleaved

HEAVIEST = 8


def figures(*, quick: bool) -> list[Figure]:
    """Measure the processor time of fresh interpreters."""
    statements = {
        "python": "pass",
        "sqlalchemy": "import sqlalchemy",
        "orm": "import sqlalchemy.orm",
        "package": "import crmcore",
        # The package loads its parts when they are asked for; whoever imports it asks for these.
        "names": "from crmcore import Account, Crm",
    }
    found = interleaved(
        {name: _importer(statement) for name, statement in statements.items()},
        rounds=7 if quick else 15,
        clock=_children_time,
    )
    milliseconds = {name: seconds * 1000 for name, seconds in found.items()}
    heaviest = tuple(f"{package} {spent / 1000:.0f} ms" for package, spent in _heaviest(f"import sqlalchemy; {statements['names']}"))
    return [
        Figure(
            subject="from crmcore import Account, Crm",
            value=milliseconds["names"],
            unit="ms",
            baseline=milliseconds["sqlalchemy"],
            against="import sqlalchemy",
            target=150,
            of="excess",
            notes=(
                f"Python alone {milliseconds['python']:.0f} ms, SQLAlchemy with its ORM {milliseconds['orm']:.0f} ms",
                f"import crmcore, by itself {milliseconds['package']:.0f} ms",
                f"heaviest by their own modules: {', '.join(heaviest)}",
            ),
        )
    ]


def _importer(statement: str) -> Callable[[], None]:
    # Without taking the interpreter down, which is no part of importing.
    def run() -> None:
        subprocess.run([sys.executable, "-c", f"{statement}; import os; os._exit(0)"], check=True)  # noqa: S603 - this interpreter, and a literal above

    return run


def _children_time() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _heaviest(statement: str) -> list[tuple[str, int]]:
    """Return the packages whose modules take longest to import, SQLAlchemy's core aside, in microseconds."""
    command = [sys.executable, "-X", "importtime", "-c", statement]
    answer = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603 - as above
    spent: dict[str, int] = defaultdict(int)
    for line in answer.stderr.splitlines():
        own, _, rest = line.removeprefix("import time:").partition("|")
        name = rest.partition("|")[2].strip()
        if own.strip().isdigit():
            parts = name.split(".")
            # The two that everything hangs on are told apart more finely.
            spent[".".join(parts[:2]) if parts[0] in {"sqlalchemy", "crmcore"} else parts[0]] += int(own)
    return sorted(spent.items(), key=lambda item: -item[1])[:HEAVIEST]
