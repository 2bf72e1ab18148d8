"""The jobs of the work on duplicates."""

from __future__ import annotations

from typing import Final

from crmcore_quality.matching import keeping, scanning

JOBS: Final = (*keeping.JOBS, *scanning.JOBS)
