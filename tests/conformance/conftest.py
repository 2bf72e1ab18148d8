"""What the tests of the kit share."""

from __future__ import annotations

from collections.abc import Iterator
from types import ModuleType

import pytest

from .kitchen import SOUND, imported


@pytest.fixture
def sound() -> Iterator[ModuleType]:
    """The plugin with which everything is well."""
    with imported("sound", SOUND) as module:
        yield module
