"""Texts as engines of a runner: ``template`` renders one, ``template.fields`` tells what one reads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import attrs

from crmcore.scripting.errors import ScriptError
from crmcore.scripting.limits import DEFAULT_LIMITS, Guard, Limits
from crmcore.scripting.locked import Context, Options, Path, Prepared
from crmcore.scripting.texts.channels import ESCAPING, Channel
from crmcore.scripting.texts.environment import Compiled, Compiler
from crmcore.scripting.texts.operations import Run

_WARM: Final = (
    '{% set x = "è\\n" %}{% for o in a.b if o %}{{ loop.index }}{{ o|upper }}{% else %}-{% endfor %}{{ x|trim }}{{ 1.5|money }}',
    "{{ a.b|default('x')|replace('x', 'y') }}{% if 1 < 2 and a is defined %}{{ 'a' ~ 1 }}{% elif not a %}{% endif %}{{ a[0:1] }}",
    "{{ a.d|date }} {a.b} {{ c|greeting }} {{ range(3)|join(',') }} {{ 7|plural('uno', 'molti') }}{{ a.n|number(2) }}{# - #}",
    "{% raw %}{{{% endraw %}{{ 'a",
    "{{ a.__class__ }}",
    "{% include 'a' %}",
    "{{ 1 // 0 }}",
)


@attrs.frozen(eq=False)
class _Text:
    """A text with everything that its rendering was told."""

    compiled: Compiled
    limits: Limits
    marked: bool
    lang: str
    links: str

    @property
    def uses(self) -> Sequence[Path]:
        return self.compiled.uses

    def __call__(self, context: Context) -> dict[str, object]:
        channel = self.compiled.channel
        run = Run(context, Guard(self.limits), ESCAPING[channel].value)
        run.linked, run.marked, run.lang, run.links = ESCAPING[channel].links, self.marked, self.lang, self.links
        text = self.compiled.run(run)
        return {"text": text, "missing": list(run.missing)}


@attrs.frozen(eq=False)
class _Fields:
    """A text of which only is told what it reads."""

    compiled: Compiled

    @property
    def uses(self) -> Sequence[Path]:
        return ()

    def __call__(self, context: Context) -> list[object]:
        del context
        return [[list(each.path), each.line] for each in self.compiled.placeholders]


class TemplateEngine:
    """Render texts.

    Options: ``channel`` (a `Channel`'s value, "text" when left out), ``marked`` (whether missing values are marked; yes), ``lang`` ("it"),
    ``links`` ("/{entity}/{id}"), and ``limits`` (of `Limits`, by name).
    """

    def __init__(self, compiler: Compiler) -> None:
        self._compiler = compiler

    def warm(self) -> None:
        """Render some texts, also wrong ones, and a value through every channel."""
        for source in _WARM:
            try:
                self.prepare(source, {})({})
            except ScriptError:
                continue
        for escaping in ESCAPING.values():
            escaping.value('=é"\x00\n')

    def prepare(self, source: str, options: Options) -> Prepared:
        """Check and compile a text."""
        return _Text(
            compiled=self._compiler.compile(source, Channel(options.get("channel", "text"))),
            limits=_limits(options),
            marked=bool(options.get("marked", True)),
            lang="en" if options.get("lang") == "en" else "it",
            links=str(options.get("links", "/{entity}/{id}")),
        )


class FieldsEngine:
    """Tell what texts read: a list of paths and lines."""

    def __init__(self, compiler: Compiler) -> None:
        self._compiler = compiler

    def warm(self) -> None:
        """Do nothing: rendering needs more, and is warm already."""

    def prepare(self, source: str, options: Options) -> Prepared:
        """Check and compile a text."""
        return _Fields(self._compiler.compile(source, Channel(options.get("channel", "text"))))


def _limits(options: Options) -> Limits:
    given: Any = options.get("limits")
    return attrs.evolve(DEFAULT_LIMITS, **given) if given else DEFAULT_LIMITS


_COMPILER: Final = Compiler()
TEMPLATES: Final = TemplateEngine(_COMPILER)
FIELDS: Final = FieldsEngine(_COMPILER)
