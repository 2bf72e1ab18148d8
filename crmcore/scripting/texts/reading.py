"""From text to jinja's tree, without harm to the process: what could stall or crash a parser is refused before it is parsed.

jinja's lexer is a loop over regular expressions and cannot be made to nest; so tokens are counted first, and only then parsed.
"""

from __future__ import annotations

import re
from typing import Final, NoReturn

from jinja2 import Environment, TemplateError, TemplateSyntaxError, nodes
from jinja2.parser import Parser

from crmcore.labels import Label
from crmcore.scripting.errors import Kind, ScriptError

LONGEST: Final = 65_536
"""Characters of a text with its placeholders: a long letter."""
_TOKENS: Final = 12_000
_TOKENS_OF_A_TAG: Final = 400
_BRACKETS: Final = 15
_BLOCKS: Final = 1_000
_DIGITS: Final = 150
_TAG: Final = re.compile(r"\{[{%#]")
_UNFIT: Final = re.compile("[\ud800-\udfff\0]")
_MOST_TAGS: Final = 4_000
_OPENING: Final = {"variable_begin", "block_begin"}
_CLOSING: Final = {"variable_end", "block_end"}


def read(environment: Environment, source: str) -> nodes.Template:
    """Return the tree of a text.

    Raises:
        ScriptError: of kind ``SYNTAX``, or ``BUDGET`` for one that is too large to be looked at.
    """
    if len(source) > LONGEST:
        _too_large(f"il testo ha più di {LONGEST} caratteri", f"the text has more than {LONGEST} characters", 1)
    if _UNFIT.search(source):
        raise ScriptError(
            Kind.SYNTAX, Label("il testo contiene caratteri non ammessi", "the text holds characters that are not allowed"), 1
        )
    tags = sum(1 for _ in _TAG.finditer(source))
    if tags > _MOST_TAGS:
        _too_large("il testo ha troppi segnaposti", "the text has too many placeholders", 1)
    try:
        _scan(environment, source)
        # The parser itself, not the environment's method: that one dresses up tracebacks, and imports what that takes.
        return Parser(environment, source).parse()
    except TemplateSyntaxError as error:
        message = str(error.message)
        text = Label(f"non si legge come testo: {message}", f"it does not read as a text: {message}")
        raise ScriptError(Kind.SYNTAX, text, max(error.lineno, 1), 1) from None
    except (TemplateError, ValueError, RecursionError, MemoryError, OverflowError):
        raise ScriptError(Kind.SYNTAX, Label("non si legge come testo", "it does not read as a text"), 1, 1) from None


def _scan(environment: Environment, source: str) -> None:
    """Count what is inside tags: signs, and brackets in brackets."""
    inside = depth = blocks = 0
    for every, (line, kind, value) in enumerate(environment.lexer.tokeniter(source, None)):
        inside += 1
        if kind in _OPENING or kind in _CLOSING:
            inside = depth = 0
            blocks += kind == "block_begin"
        elif kind == "operator":
            depth += (value in "([{") - (value in ")]}")
        elif kind in {"integer", "float"} and len(value) > _DIGITS:
            _too_large("un numero ha troppe cifre", "a number has too many digits", line)
        if every > 2 * _TOKENS or inside > 2 * _TOKENS_OF_A_TAG or depth > _BRACKETS or blocks > _BLOCKS:
            _too_large("il testo è troppo annidato o troppo lungo", "the text is nested too deep, or too long", line)


def _too_large(italian: str, english: str, line: int) -> NoReturn:
    raise ScriptError(Kind.BUDGET, Label(italian, english), line, 1)
