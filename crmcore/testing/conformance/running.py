"""Run the checks, with reasons for those that do not apply; the same for pytest and for anybody else."""

from __future__ import annotations

import difflib
import tempfile
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, Final

import attrs

from crmcore.errors import CrmError, Problem, StartError
from crmcore.registry.discovery import describe
from crmcore.testing.conformance.check import BY_NAME, CHECKS, START, Check
from crmcore.testing.conformance.subject import QUERY_BUDGET, Bench, PluginItem, Samples, Subject
from crmcore.testing.databases import KINDS, Kind, TestDatabases

_NO_OVERRIDES: Final[Mapping[str, str]] = {}


@attrs.frozen
class Executed:
    """One check that ran: on which kind of database, if it needs one, and what it found."""

    check: str
    kind: Kind | None
    problems: tuple[Problem, ...]


@attrs.frozen
class Findings:
    """What an examination did and found."""

    executed: tuple[Executed, ...]
    overridden: Mapping[str, str]
    """Check → the reason why it was left out."""

    @property
    def problems(self) -> list[Problem]:
        """Every problem, each once."""
        return list({problem.line(): problem for each in self.executed for problem in each.problems}.values())

    def of(self, check: str) -> list[Problem]:
        """Return the problems that one check found."""
        return [problem for each in self.executed if each.check == check for problem in each.problems]


def run_checks(plugin: PluginItem, databases: TestDatabases, **options: Any) -> list[Problem]:  # noqa: ANN401 - those of `examine`
    """Return everything that the kit finds wrong with a plugin, given by name or module; see `examine` for the options."""
    return examine(plugin, databases, **options).problems


def examine(  # noqa: PLR0913 - all but the plugin and the databases are optional
    plugin: PluginItem,
    databases: TestDatabases,
    *,
    kinds: Sequence[Kind] = KINDS,
    companions: Sequence[ModuleType] = (),
    settings: Mapping[str, Mapping[str, object]] | None = None,
    samples: Samples | None = None,
    query_budget: int = QUERY_BUDGET,
    job_arguments: Mapping[str, Mapping[str, Any]] | None = None,
    overrides: Mapping[str, str] = _NO_OVERRIDES,
    only: Collection[str] | None = None,
) -> Findings:
    """Run every check on a plugin, or ``only`` some, on databases of each of ``kinds``, and return what was done and found.

    ``companions`` are modules of plugins that it requires and that are not installed; the other options are those of `PluginConformance`.
    When the plugin does not start, that is all there is to say.
    """
    left_out = {name: reason for name, reason in overrides.items() if name in BY_NAME}
    problems = override_problems("overrides", overrides, None)
    executed = [Executed("overrides", None, tuple(problems))] if problems else []
    try:
        subject = Subject.of(
            plugin,
            companions=companions,
            settings=settings,
            samples=samples,
            query_budget=query_budget,
            job_arguments=job_arguments,
        )
    except StartError as error:
        return Findings((*executed, Executed(START, None, tuple(error.problems))), left_out)
    with tempfile.TemporaryDirectory(prefix="crm-kit-") as folder:
        for check in CHECKS:
            if check.name in left_out or (only is not None and check.name not in only):
                continue
            benches = [Bench(subject, databases, kind, Path(folder)) for kind in kinds] if check.tried else [None]
            for bench in benches:
                found = remaining(run_check(check, subject, bench), check, overrides)
                executed.append(Executed(check.name, bench.kind if bench else None, tuple(found)))
    return Findings(tuple(executed), left_out)


def run_check(check: Check, subject: Subject, bench: Bench | None) -> list[Problem]:
    """Run one check, and return the problems; what it raises is one of them."""
    found: list[Problem] = []
    try:
        # One by one: what was found before an exception is kept.
        for problem in check.tried(subject, bench) if check.tried and bench else check.plain(subject) if check.plain else ():
            found.append(problem)  # noqa: PERF402
    except CrmError as error:
        thing = str(error.params.get("entity") or "") or None
        code, params = (
            ("KIT_SAMPLE", error.params) if error.code == "KIT_SAMPLE" else ("KIT_RAISED", {"check": check.name, "error": str(error)})
        )
        found.append(subject.problem(code, thing or check.name, **params))
    except Exception as error:  # noqa: BLE001 - the border to foreign code: whatever a plugin raises is a finding about it
        found.append(subject.problem("KIT_RAISED", check.name, check=check.name, error=describe(error)))
    return found


def remaining(problems: Iterable[Problem], check: Check, overrides: Mapping[str, str]) -> list[Problem]:
    """Return the problems whose object is not excepted by an override ``check:object``."""
    return [problem for problem in problems if f"{check.name}:{problem.object}" not in overrides]


def override_problems(name: str, overrides: Mapping[str, str], redefined: Collection[str] | None) -> list[Problem]:
    """Return what is wrong with overrides: unknown checks, and missing reasons, also for ``redefined`` methods."""
    problems = []
    for key in sorted({*overrides, *(redefined or ())}):
        check = key.partition(":")[0]
        if check not in BY_NAME:
            near = difflib.get_close_matches(check, BY_NAME, n=1)
            params = {"name": name, "check": key, "hint": f"; did you mean {near[0]}?" if near else ""}
            problems.append(Problem(code="KIT_OVERRIDE_UNKNOWN", object=key, params=params))
        elif not str(overrides.get(key) or "").strip():
            problems.append(Problem(code="KIT_OVERRIDE_REASON", object=key, params={"name": name, "check": key}))
    return problems
