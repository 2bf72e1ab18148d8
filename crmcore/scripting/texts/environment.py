"""Compile texts with jinja, and run them: a sandboxed environment that has no loader, no globals, and operations of ours only."""

from __future__ import annotations

import threading
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Any, Final, NoReturn

import attrs
from jinja2.sandbox import ImmutableSandboxedEnvironment

from crmcore.scripting.faults import as_script_error
from crmcore.scripting.limits import BudgetExceeded
from crmcore.scripting.texts.channels import ESCAPING, Channel
from crmcore.scripting.texts.operations import OPERATIONS, Missing, Run
from crmcore.scripting.texts.paths import Path, Placeholder
from crmcore.scripting.texts.reading import read
from crmcore.scripting.texts.rewriting import Rewriter

_FILE: Final = "<text>"
_KEPT: Final = 1_000
"""Compiled texts that are kept."""


class TextEnvironment(ImmutableSandboxedEnvironment):
    """jinja's strictest sandbox, with nothing in it: what could be reached past the rewriting is refused a second time.

    No constant is folded: that happens while compiling, outside of all limits.
    """

    def __init__(self) -> None:
        super().__init__(
            optimized=False,
            autoescape=False,
            undefined=Missing,
            cache_size=0,
            keep_trailing_newline=True,
            loader=None,
        )
        self.globals.clear()
        self.tests.clear()
        self.filters.clear()
        self.filters.update(OPERATIONS)
        self.policies.clear()

    # The signatures are jinja's. Nothing that was rewritten comes here.
    def getattr(self, obj: Any, attribute: str) -> NoReturn:  # noqa: ANN401
        """Refuse jinja's own attributes."""
        del obj
        raise SandboxBroken(attribute)

    def getitem(self, obj: Any, argument: Any) -> NoReturn:  # noqa: ANN401
        """Refuse jinja's own items."""
        del obj
        raise SandboxBroken(str(argument))

    def call(self, *_: Any, **__: Any) -> NoReturn:  # noqa: ANN401 - it calls nothing at all
        """Refuse jinja's own calls."""
        raise SandboxBroken("()")

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:  # noqa: ANN401
        """Say no."""
        del obj, attr, value
        return False

    def is_safe_callable(self, obj: Any) -> bool:  # noqa: ANN401
        """Say no."""
        del obj
        return False


class SandboxBroken(RuntimeError):
    """Stop where nothing of an author can get, unless the rewriting has a hole."""


Root = Callable[[Run], Iterator[str]]


@attrs.frozen(eq=False)
class Compiled:
    """A text, ready to run for one channel."""

    channel: Channel
    placeholders: tuple[Placeholder, ...]
    uses: tuple[Path, ...]
    words: int
    """Characters of the author's own that are outside of loops, and therefore written once at most."""
    root: Root
    lines: tuple[tuple[int, int], ...]
    """Line of the generated code → line of the text, in order."""

    def run(self, run: Run) -> str:
        """Return the text.

        Raises:
            ScriptError: however it does not end well.
        """
        try:
            run.write(self.words)
            return "".join(self.root(run))
        except (Exception, BudgetExceeded) as error:  # noqa: BLE001 - the border of the sandbox: nothing else leaves it
            raise as_script_error(error, self._line(error.__traceback__), 1) from None

    def _line(self, trace: TracebackType | None) -> int:
        found = 1
        while trace is not None:
            if trace.tb_frame.f_code.co_filename == _FILE:
                number = bisect_right(self.lines, (trace.tb_lineno, 1 << 30))
                found = self.lines[number - 1][1] if number else 1
            trace = trace.tb_next
        return found


class Compiler:
    """Compile texts and keep them; for many threads."""

    def __init__(self, kept: int = _KEPT) -> None:
        self._environment = TextEnvironment()
        self._kept = kept
        self._lock = threading.Lock()
        self._compiled: OrderedDict[tuple[str, Channel], Compiled] = OrderedDict()

    def compile(self, source: str, channel: Channel) -> Compiled:
        """Return a text, checked and compiled.

        Raises:
            ScriptError: ``SYNTAX``, ``FORBIDDEN``, or ``BUDGET`` for one that is too large.
        """
        key = (source, channel)
        with self._lock:
            found = self._compiled.get(key)
            if found is not None:
                self._compiled.move_to_end(key)
                return found
        try:
            made = self._compile(source, channel)
        except Exception as error:  # noqa: BLE001 - the border of the sandbox, as in `Compiled.run`: jinja fails in its own ways
            raise as_script_error(error, 1, 1) from None
        with self._lock:
            self._compiled[key] = made
            while len(self._compiled) > self._kept:
                self._compiled.popitem(last=False)
        return made

    def _compile(self, source: str, channel: Channel) -> Compiled:
        environment = self._environment
        tree = read(environment, source)
        rewriter = Rewriter(environment, ESCAPING[channel].words)
        rewritten = rewriter.rewrite(tree)
        code = environment.compile(rewritten, "text", _FILE)
        template = environment.template_class.from_code(environment, code, {})
        return Compiled(
            channel=channel,
            placeholders=tuple(rewriter.placeholders),
            uses=tuple(sorted(rewriter.uses)),
            words=rewriter.words,
            root=template.root_render_func,  # type: ignore[arg-type]  # it takes our run for its context
            lines=tuple((code_line, line) for line, code_line in template.debug_info),
        )
