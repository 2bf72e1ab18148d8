"""Which part of the archive a definition is for: a business unit, or a portfolio with everything below it (I-15, C04)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import batched_ids
from typing import TYPE_CHECKING
