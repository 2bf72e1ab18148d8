"""What rules refuse, in the audit: which rule, where in it, and why; never the values."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from crmcore.characteristics.ruling import FAILED, REFUSED
from crmcore.errors import CrmError, Problem
from crmcore.session.refusals import Refusal, audit_refused

if TYPE_CHECKING:
    from crmcore.session import Change, Session

_CODES: Final = frozenset({REFUSED, FAILED})
_MOST: Final = 100
"""Refusals of one unit of work that are told one by one."""


def audit_refusals(session: Session, change: Change, problems: Iterable[Problem]) -> None:
    """Have the refusals of rules audited if the unit of work ends with them; a mere check of changes leaves nothing."""
    found = [each for each in problems if each.code in _CODES]
    if not found:
        return

    # Undone, a record has forgotten its key; one that was new never had any.
    entity, key = change.entity, change.id or 0

    def mourn(error: BaseException) -> None:
        told = error.problems if isinstance(error, CrmError) else ()
        refusals = [_refusal(entity, key, each) for each in found if any(_same(each, one) for one in told)]
        if refusals:
            audit_refused(session, refusals[:_MOST])

    session.unit.mourners.append(mourn)


def _refusal(entity: str, key: int, problem: Problem) -> Refusal:
    names = ("rule", "line", "column")
    shown = {name: [None, problem.params[name]] for name in names}
    return Refusal(entity, key, {**shown, "refusal": [None, [problem.code]]})


def _same(one: Problem, other: Problem) -> bool:
    return one.code == other.code and one.params == other.params
