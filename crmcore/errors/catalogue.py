"""Every error code that the core can raise, with its message in Italian and English.

A code is part of the public API: it never changes meaning and is never reused. The reference in the docs is generated
from this catalogue, and a test fails when a code is used but not listed, or listed but never used.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from crmcore.errors.code import ErrorCode
from crmcore.errors.codes_access import ACCESS
from crmcore.errors.codes_audit import AUDIT
from crmcore.errors.codes_changes import CHANGES
from crmcore.errors.codes_characteristics import CHARACTERISTICS
from crmcore.errors.codes_conformance import CONFORMANCE
from crmcore.errors.codes_declarations import DECLARATIONS
from crmcore.errors.codes_merging import MERGING
from crmcore.errors.codes_planning import PLANNING
from crmcore.errors.codes_privacy import PRIVACY
from crmcore.errors.codes_query import QUERY
from crmcore.errors.codes_registry import REGISTRY
from crmcore.errors.codes_rendering import RENDERING
from crmcore.errors.codes_signin import SIGNIN
from crmcore.errors.codes_start import START
from crmcore.errors.codes_storage import STORAGE
from crmcore.errors.codes_templates import TEMPLATES
from crmcore.errors.codes_work import WORK


def _index(codes: Iterable[ErrorCode]) -> Mapping[str, ErrorCode]:
    found: dict[str, ErrorCode] = {}
    for entry in codes:
        if entry.code in found:
            message = f"error code {entry.code} is listed twice"
            raise ValueError(message)
        found[entry.code] = entry
    return found


CATALOGUE: Final[Mapping[str, ErrorCode]] = _index(
    (
        *START,
        *DECLARATIONS,
        *STORAGE,
        *WORK,
        *CONFORMANCE,
        *REGISTRY,
        *CHARACTERISTICS,
        *QUERY,
        *CHANGES,
        *ACCESS,
        *AUDIT,
        *PLANNING,
        *MERGING,
        *TEMPLATES,
        *SIGNIN,
        *PRIVACY,
        *RENDERING,
    )
)
"""Code → description, of every code that the core raises."""
