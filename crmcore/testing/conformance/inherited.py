"""The class that partners inherit: one test for each check, on both databases where one is needed."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar, Final

from crmcore.errors import Problem, StartError, UsageError
from crmcore.testing.conformance.check import CHECKS, START, Check
from crmcore.testing.conformance.running import override_problems, remaining, run_check
from crmcore.testing.conformance.subject import QUERY_BUDGET, Bench, PluginItem, Samples, Subject
from crmcore.testing.databases import Kind, TestDatabases

_PREFIX: Final = "test_"


class PluginConformance:
    """Check a plugin against everything that the platform promises on behalf of plugins.

    A partner's ``tests/test_conformance.py`` is::

        from crmcore.testing import PluginConformance


        class TestWarranty(PluginConformance):
            plugin = "warranty"

    ``plugin`` is the name under which it is installed, or its module. ``samples(session)`` or ``samples(session, number)``
    returns new records where the kit cannot make valid ones itself. A check that does not apply is left out by
    ``overrides = {"purge": "the reason why"}``, and one object of it by ``{"personal_data:warranty_item.name": "the reason"}``;
    redefining the method needs a reason there too.
    """

    # Only subclasses are tests, also where the class itself is imported.
    __test__ = False

    plugin: ClassVar[PluginItem]
    companions: ClassVar[Sequence[ModuleType]] = ()
    """Modules of plugins that it requires, when these are not installed."""
    settings: ClassVar[Mapping[str, Mapping[str, object]]] = {}
    """Settings to open with, by plugin, over those of the generated sample."""
    samples: ClassVar[Samples | None] = None
    query_budget: ClassVar[int] = QUERY_BUDGET
    """Statements that creating one record may take."""
    job_arguments: ClassVar[Mapping[str, Mapping[str, Any]]] = {}
    """Job → arguments to try it with."""
    overrides: ClassVar[Mapping[str, str]] = {}
    """Check, or ``check:object`` → why it does not apply."""

    _loaded: ClassVar[Subject | StartError | None] = None

    def __init_subclass__(cls, **kwargs: Any) -> None:  # noqa: ANN401 - passed on
        super().__init_subclass__(**kwargs)
        cls.__test__ = True
        cls._loaded = None
        redefined = {check.name for check in CHECKS if _is_redefined(cls, check)}
        problems = override_problems(cls.__name__, cls.overrides, redefined)
        if problems:
            raise UsageError(problems[0].code, problems, **problems[0].params)

    @classmethod
    def subject(cls) -> Subject:
        """Return the plugin with what it requires, loaded once for the class.

        Raises:
            StartError: with every problem of its declarations.
        """
        if cls._loaded is None:
            try:
                cls._loaded = Subject.of(
                    cls.plugin,
                    companions=cls.companions,
                    settings=cls.settings,
                    samples=_samples(cls),
                    query_budget=cls.query_budget,
                    job_arguments=cls.job_arguments,
                )
            except StartError as error:
                cls._loaded = error
        if isinstance(cls._loaded, StartError):
            raise cls._loaded
        return cls._loaded

    def run(self, check: Check, bench: Callable[[Subject], Bench] | None = None) -> None:
        """Run one check, and fail the test with everything that it finds."""
        import pytest  # an extra

        reason = self.overrides.get(check.name)
        if reason:
            pytest.skip(reason)
        try:
            subject = self.subject()
        except StartError as error:
            if check.name == START:
                pytest.fail(_report(error.problems), pytrace=False)
            pytest.skip(f"the plugin does not start: see {_PREFIX}{START}")
        problems = remaining(run_check(check, subject, bench(subject) if bench else None), check, self.overrides)
        if problems:
            pytest.fail(_report(problems), pytrace=False)


def _report(problems: Sequence[Problem]) -> str:
    return "\n".join(["the plugin does not conform:", *(f"  - {problem.line()}" for problem in problems)])


def _is_redefined(cls: type[PluginConformance], check: Check) -> bool:
    name = f"{_PREFIX}{check.name}"
    return inspect.getattr_static(cls, name) is not inspect.getattr_static(PluginConformance, name)


def _samples(cls: type[PluginConformance]) -> Samples | None:
    """Return the function behind ``samples``, whether it was written with ``self``, without it, or as a static method."""
    given = inspect.getattr_static(cls, "samples")
    if isinstance(given, staticmethod | classmethod):
        return given.__get__(None, cls)
    if inspect.isfunction(given) and next(iter(inspect.signature(given).parameters), "") == "self":
        return given.__get__(cls(), cls)
    return given if callable(given) else None


def _plain_test(check: Check) -> Callable[[PluginConformance], None]:
    def test(self: PluginConformance) -> None:
        self.run(check)

    return test


def _database_test(check: Check) -> Callable[[PluginConformance, TestDatabases, Kind, Path], None]:
    # The names of the arguments are those of fixtures of `crmcore.pytest_plugin`.
    def test(self: PluginConformance, crm_databases: TestDatabases, database_kind: Kind, tmp_path: Path) -> None:
        self.run(check, lambda subject: Bench(subject, crm_databases, database_kind, tmp_path))

    return test


def _add_tests() -> None:
    for check in CHECKS:
        test = _database_test(check) if check.tried else _plain_test(check)
        test.__name__ = f"{_PREFIX}{check.name}"
        test.__qualname__ = f"{PluginConformance.__name__}.{test.__name__}"
        test.__doc__ = check.summary
        setattr(PluginConformance, test.__name__, test)


_add_tests()
