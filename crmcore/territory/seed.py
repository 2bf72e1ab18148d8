"""What every database starts with: the null agent, operator and referrer, so that nobody is somebody (I-21)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import select

from crmcore.model import NULL_CODES, Salesperson, SalespersonKind

if TYPE_CHECKING:
    from crmcore.session import Session

_NAMES: Final = {
    SalespersonKind.AGENT: "Nessun agente",
    SalespersonKind.OPERATOR: "Nessun operatore",
    SalespersonKind.REFERRER: "Nessun segnalatore",
}


def seed(session: Session) -> None:
    """Add what is missing; runs at the end of every migration, and changes nothing the second time."""
    there = set(session.scalars(select(Salesperson.code).where(Salesperson.code.in_(NULL_CODES.values()))))
    for kind, code in NULL_CODES.items():
        if code not in there:
            session.add(Salesperson(code=code, kind=kind.value, name=_NAMES[kind]))
