"""Secrets: references to the environment and to files, and a wrapper that never shows what it holds."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final
from urllib.parse import quote

import attrs

REFERENCE: Final = re.compile(r"\$\{(env|file):([^{}]+)\}")
"""What a reference looks like; it may be a part of a text, such as the password in an address."""

_MAX_BYTES: Final = 65_536
_MASK: Final = "***"


@attrs.frozen(repr=False, str=False)
class Secret:
    """Hold a value that is never printed: only `reveal` gives it."""

    _value: object

    def reveal(self) -> str:
        """Return the value as text; do not log it."""
        return str(self._value)

    def reveal_value(self) -> object:
        """Return the value as the schema typed it; do not log it."""
        return self._value

    def __repr__(self) -> str:
        return f"Secret({_MASK})"

    def __str__(self) -> str:
        return _MASK

    def __format__(self, spec: str) -> str:
        return format(_MASK, spec)


class SecretMissingError(LookupError):
    """Raised when a reference cannot be resolved; `args` hold the reference, never a value."""


@attrs.frozen
class SecretSource:
    """Say where references are looked up: an environment (None means that of the process), and the folder of relative files."""

    environ: Mapping[str, str] | None = attrs.field(default=None, repr=False)
    folder: Path = attrs.field(factory=Path)

    def lookup(self, kind: str, name: str) -> str:
        """Return the value behind ``${kind:name}``.

        Raises:
            SecretMissingError: when the variable is not set or the file cannot be read.
        """
        reference = f"${{{kind}:{name}}}"
        if kind == "env":
            value = (os.environ if self.environ is None else self.environ).get(name)
            if value is None:
                raise SecretMissingError(reference)
            return value
        try:
            with (self.folder / name).open("rb") as file:
                raw = file.read(_MAX_BYTES + 1)
            text = raw.decode("utf-8")
        except (OSError, ValueError) as error:
            raise SecretMissingError(reference) from error
        if len(raw) > _MAX_BYTES:
            raise SecretMissingError(reference)
        # Editors and `echo` end a file with a newline, which is never meant.
        return text.removesuffix("\n").removesuffix("\r")

    def expand(self, text: str) -> str:
        """Return ``text`` with every reference replaced."""
        return REFERENCE.sub(lambda found: self.lookup(found[1], found[2]), text)

    def expand_url(self, url: str) -> str:
        """Return a database address with every reference replaced; in the part before ``@`` the value is percent-encoded.

        A password may hold ``@`` or ``/``, which would cut the address at the wrong place.
        """
        authority_end = url.rfind("@")

        def value_of(found: re.Match[str]) -> str:
            value = self.lookup(found[1], found[2])
            return quote(value, safe="") if found.end() <= authority_end and found.start() > 0 else value

        return REFERENCE.sub(value_of, url)


def references(text: str) -> tuple[str, ...]:
    """Return the references inside a text, as they are written."""
    return tuple(found[0] for found in REFERENCE.finditer(text))
