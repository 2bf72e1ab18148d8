"""Kinds of mass changes: which fields they may write, what they refuse, and what history they leave."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import attrs

if TYPE_CHECKING:
    from crmcore.changesets import FieldWriter, Seen, Written
    from crmcore.errors import Problem
    from crmcore.model import Entity
    from crmcore.session import Session


def _allow(session: Session, cls: type[Entity], wishes: Sequence[Seen]) -> Mapping[int, Problem]:
    """Refuse nothing."""
    del session, cls, wishes
    return {}


def _no_basis(session: Session, cls: type[Entity]) -> str:
    """Depend on nothing but the records."""
    del session, cls
    return ""


def _no_history(written: Written) -> None:
    """Leave no history beside the audit."""
    del written


def _no_care(session: Session, records: Sequence[Entity], values: Mapping[int, Mapping[str, Any]]) -> None:
    """Leave records as they are."""
    del session, records, values


@attrs.frozen(kw_only=True)
class Kind:
    """A kind of mass change, of the core or declared by a plugin through ``crm_change_kinds``.

    ``writer`` says which fields there are, and how they are written. ``check(session, cls, wishes)`` returns what is refused, by position;
    it is called at the preview, for a few thousand wishes at a time, and must say everything that the core's rules would say of the same
    change made by hand: one statement for many records does not pass through them (see `crmcore.changesets`). ``check_undo`` is asked in
    the same way before an undo, with the old values as the new ones. ``basis`` names what the check depended on, such as a digest of
    definitions: when it differs at the confirmation, the whole set is refused and has to be previewed again. ``permission`` is asked at
    every step, if there is one.

    ``history`` writes further history of what one statement wrote, in as few statements; with ``always`` also of records that were changed
    one by one, because no rule of the core writes it for those. ``prepare(session, records, values)`` is called with records that are
    loaded and what each shall become, before they are set: for fields that otherwise only a function of their own may write.

    ``entity`` is the only one that the kind is for, if it is for one. ``parent`` names the foreign key to the record that these are part
    of, such as the document of a row: a record whose parent changed since the preview is skipped as well.
    """

    name: str
    writer: FieldWriter
    check: Callable[[Session, type[Entity], Sequence[Seen]], Mapping[int, Problem]] = _allow
    check_undo: Callable[[Session, type[Entity], Sequence[Seen]], Mapping[int, Problem]] = _allow
    basis: Callable[[Session, type[Entity]], str] = _no_basis
    history: Callable[[Written], None] = _no_history
    always: bool = False
    prepare: Callable[[Session, Sequence[Entity], Mapping[int, Mapping[str, Any]]], None] = _no_care
    permission: str | None = None
    entity: str | None = None
    parent: str | None = None
