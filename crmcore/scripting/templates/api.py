"""Check and render call scripts and letters, at the level that the deployment chose."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

import attrs

from crmcore.errors import Problem, ValidationFailed
from crmcore.labels import Label
from crmcore.scripting.errors import Kind, ScriptError
from crmcore.scripting.limits import Limits
from crmcore.scripting.templates.checking import Fields, unknown_fields
from crmcore.scripting.texts.channels import Channel
from crmcore.scripting.worker import Runner

_ODD: Final = Label("il processo dello script non ha dato una risposta valida", "the process of the script gave no valid answer")


class Missing(enum.Enum):
    """What happens to placeholders without a value (I-52)."""

    REFUSE = "refuse"
    """There is no text: all of them are listed."""
    MARK = "mark"
    """They stay visible, as ``[contact.title?]``."""
    BLANK = "blank"
    """They become nothing."""


class TemplateUnresolved(ValidationFailed):
    """Raised when placeholders of a text have no value; `placeholders` lists them in their order."""

    default_code = "TEMPLATE_UNRESOLVED"

    def __init__(self, placeholders: Sequence[str]) -> None:
        self.placeholders = tuple(placeholders)
        super().__init__(placeholders=", ".join(self.placeholders))

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (self.placeholders,)


@attrs.frozen(kw_only=True)
class Rendered:
    """A text that was written, and the placeholders that had no value."""

    text: str
    missing: tuple[str, ...] = ()


class Templates:
    """Check and render texts. ``links`` is the address of a record, with ``{entity}`` and ``{id}``; ``tenant`` as in `Runner`."""

    def __init__(self, runner: Runner, *, tenant: str = "", lang: str = "it", links: str = "/{entity}/{id}") -> None:
        self._runner = runner
        self._tenant = tenant
        self._lang = lang
        self._links = links

    def check(self, source: str, fields: Fields, *, channel: Channel = Channel.TEXT) -> list[Problem]:
        """Return what is wrong with a text, before it is saved: what cannot be read, what is not allowed, and fields that do not exist.

        ``fields`` is what its context will have (`Fields`). A text with problems must not be saved (I-52).
        """
        try:
            found = self._runner.run("template.fields", source, {}, options={"channel": channel.value}, tenant=self._tenant)
        except ScriptError as error:
            return [Problem(code="TEMPLATE_REFUSED", params={"line": error.line, "reason": error.text})]
        return list(unknown_fields(_placeholders(found), fields))

    def require(self, source: str, fields: Fields, *, channel: Channel = Channel.TEXT) -> None:
        """Return when a text may be saved.

        Raises:
            ValidationFailed: with all problems of `check`.
        """
        problems = self.check(source, fields, channel=channel)
        if problems:
            raise ValidationFailed(None, problems)

    def render(
        self,
        source: str,
        context: Mapping[str, object],
        *,
        channel: Channel = Channel.TEXT,
        missing: Missing = Missing.REFUSE,
        limits: Limits | None = None,
    ) -> Rendered:
        """Write a text for a channel, with values escaped for it.

        ``context`` is name → plain values, maps, or objects with ``__script_view__``; only what the text reads is looked at. ``limits`` are
        for what is longer than a letter, such as an offer of a thousand rows.

        Raises:
            TemplateUnresolved: when values are missing, and the policy is to refuse.
            ScriptError: when the text is refused, or does not end well.
        """
        options = self._options(channel, missing)
        if limits is not None:
            options["limits"] = attrs.asdict(limits)
        return _rendered(self._runner.run("template", source, context, options=options, tenant=self._tenant), missing)

    def render_many(
        self,
        source: str,
        contexts: Iterable[Mapping[str, object]],
        *,
        channel: Channel = Channel.TEXT,
        missing: Missing = Missing.REFUSE,
    ) -> Iterator[Rendered | TemplateUnresolved | ScriptError]:
        """Write a text for many contexts, and yield for each the text, or why there is none.

        Raises:
            ScriptError: when the text itself is refused.
        """
        options = self._options(channel, missing)
        for found in self._runner.run_many("template", source, contexts, options=options, tenant=self._tenant):
            try:
                yield found if isinstance(found, ScriptError) else _rendered(found, missing)
            except TemplateUnresolved as error:
                yield error

    def _options(self, channel: Channel, missing: Missing) -> dict[str, Any]:
        return {"channel": channel.value, "marked": missing is not Missing.BLANK, "lang": self._lang, "links": self._links}


def _rendered(found: object, missing: Missing) -> Rendered:
    # From a worker it may be anything.
    if type(found) is not dict or type(found.get("text")) is not str:
        raise ScriptError(Kind.RUNTIME, _ODD)
    absent = found.get("missing")
    if type(absent) is not list or not all(type(name) is str for name in absent):
        raise ScriptError(Kind.RUNTIME, _ODD)
    if absent and missing is Missing.REFUSE:
        raise TemplateUnresolved(absent)
    return Rendered(text=found["text"], missing=tuple(absent))


def _placeholders(found: object) -> Iterator[tuple[tuple[str, ...], int]]:
    """Yield paths and lines; from a worker they may be anything."""
    for each in found if type(found) is list else ():
        path, line = each if type(each) is list and len(each) == 2 else (None, None)  # noqa: PLR2004 - a pair
        if type(path) is not list or type(line) is not int or not all(type(name) is str for name in path):
            raise ScriptError(Kind.RUNTIME, _ODD)
        yield tuple(path), line
