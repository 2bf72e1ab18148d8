"""What a locked worker may use, and which walls it cannot do without; importable on every system."""

from __future__ import annotations

from typing import Final

import attrs

REQUIRED: Final = frozenset({"limits", "no_new_privileges", "seccomp"})
"""Without these walls a worker is not used."""


@attrs.frozen(kw_only=True)
class Bounds:
    """Set what the process may use: memory beyond what it has after warming up, and processor time over its whole life."""

    memory: int = 192 * 1024 * 1024
    cpu_seconds: int = 60
