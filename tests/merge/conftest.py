"""Plugins with tables that the core knows nothing of."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent / "support"))


@pytest.fixture
def trade():
    import crm_trade

    return crm_trade


@pytest.fixture
def maze():
    import crm_maze

    return crm_maze
