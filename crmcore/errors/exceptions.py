"""The exceptions of crmcore: one root, subclasses of the fitting builtin, attributes rather than text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import attrs

from crmcore.errors.catalogue import CATALOGUE
from crmcore.errors.code import ErrorCode


def _mapping(value: Mapping[str, object]) -> Mapping[str, object]:
    return dict(value)


@attrs.frozen(kw_only=True)
class Problem:
    """Describe one thing that is wrong: where, what was found, what was expected.

    ``plugin``, ``hook`` and ``object`` name the place in code; ``entity``, ``field`` and ``value`` the place in data;
    ``template`` is set for codes that a plugin declares, which the core's catalogue does not have.
    """

    code: str
    params: Mapping[str, object] = attrs.field(factory=dict, converter=_mapping)
    plugin: str | None = None
    hook: str | None = None
    object: str | None = None
    template: ErrorCode | None = None

    def text(self, lang: str = "en") -> str:
        """Return the message alone, in "it" or "en"."""
        entry = self.template or CATALOGUE.get(self.code)
        if entry is None:
            return str(self.params.get("message", self.code))
        return entry.render(lang, self.params)

    @property
    def where(self) -> str:
        """The plugin, hook and object, as far as they are known: ``plugin partner, hook crm_jobs, object sweep``."""
        parts = (("plugin", self.plugin), ("hook", self.hook), ("object", self.object))
        return ", ".join(f"{label} {value}" for label, value in parts if value)

    def line(self, lang: str = "en") -> str:
        """Return code, place and message in one line."""
        where = f" [{self.where}]" if self.where else ""
        return f"{self.code}{where}: {self.text(lang)}"

    def __str__(self) -> str:
        return self.line()


class CrmError(Exception):
    """The root of every error that crmcore raises on purpose.

    ``code`` is stable; ``params`` are the values of its message; ``problems`` is not empty when several things were
    found at once. ``str(error)`` is the English text; users read `text` in their language.
    """

    default_code = "START_FAILED"

    def __init__(self, code: str | None = None, /, problems: Iterable[Problem] = (), **params: object) -> None:
        self.problems: tuple[Problem, ...] = tuple(problems)
        self.code = code or self.default_code
        if self.problems:
            params.setdefault("count", len(self.problems))
        self.params = params
        super().__init__(self.text("en"))

    def text(self, lang: str = "it") -> str:
        """Return the whole message in "it" or "en", one line for each problem."""
        head = Problem(code=self.code, params=self.params).line(lang)
        return "\n".join([head, *(f"  - {problem.line(lang)}" for problem in self.problems)])

    def __reduce__(self) -> tuple[object, ...]:
        # Exceptions cross process borders (workers, test runners): rebuild from attributes, not from the text.
        return _rebuild, (type(self), self.code, self.problems, self.params)


def _rebuild(cls: type[CrmError], code: str, problems: tuple[Problem, ...], params: dict[str, object]) -> CrmError:
    return cls(code, problems, **params)


class StartError(CrmError, RuntimeError):
    """Raised when a Crm cannot start; lists every problem of every plugin."""

    default_code = "START_FAILED"


class ConfigurationError(CrmError, ValueError):
    """Raised when configuration does not fit; lists every problem with file, line and column."""

    default_code = "CONFIG_REFUSED"


class DatabaseError(CrmError, RuntimeError):
    """Raised when the database cannot be used: address, schema, migration."""

    default_code = "DATABASE_URL"


class DatabaseBusy(CrmError, TimeoutError):
    """Raised when a lock could not be had in time."""

    default_code = "DATABASE_BUSY"


class PluginError(CrmError, RuntimeError):
    """Raised when a hook, handler or job of a plugin raised inside a transaction, which was rolled back."""

    default_code = "HOOK_FAILED"


class ValidationFailed(CrmError, ValueError):
    """Raised when a change is refused; lists the problems of all rules and plugins. Nothing was written."""

    default_code = "VALIDATION_FAILED"


class TransitionRefused(ValidationFailed):
    """Raised when a change of state is refused; ``code`` is the first reason, ``problems`` are all. Nothing was written."""

    default_code = "TRANSITION_NOT_DEFINED"


class StaleVersion(CrmError, RuntimeError):
    """Raised to the loser of a race on one record. Nothing was written."""

    default_code = "STALE_VERSION"


class WriteConflict(CrmError, RuntimeError):
    """Raised when the database rolled a transaction back because of another one; repeat the work."""

    default_code = "WRITE_CONFLICT"


class AccessDenied(CrmError, PermissionError):
    """Raised when a user may not work, or not do this. Nothing was written."""

    default_code = "ACCESS_DENIED"


class RecordNotFound(CrmError, LookupError):
    """Raised when a record does not exist for this actor."""

    default_code = "NOT_FOUND"


class UsageError(CrmError, ValueError):
    """Raised when the API is called with something that it cannot take."""

    default_code = "ACTOR_INVALID"
