"""How a text that names a function is told from one that is a rule."""

from __future__ import annotations

import re
from typing import Final

_A_NAME: Final = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+")


def is_function_name(text: str) -> bool:
    """Return whether a text can only be the name of a plugin's function: ``plugin.function``, and nothing else."""
    return _A_NAME.fullmatch(text) is not None
