"""What must hold of every change to these records, whoever makes it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from crmcore.errors import Problem

if TYPE_CHECKING:
    from crmcore.session import Change, Session


def check(session: Session, changes: Sequence[Change]) -> Iterable[Problem]:
    """Return what is wrong with the changes of one flush, before it is written."""
    del session, changes
    return ()


def check_commit(session: Session, changes: Sequence[Change]) -> Iterable[Problem]:
    """Return what is wrong with a whole commit, after everything is written and before it lasts."""
    del session, changes
    return ()
