"""What every database starts with: the first business unit with one portfolio, and some kinds of relation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import func, select

from crmcore.model import CORE, BusinessUnit, Portfolio, RelationKind

if TYPE_CHECKING:
    from crmcore.session import Session

PRIMARY_UNIT: Final = 1
"""Number of the business unit that holds the primary portfolios (glossary 16)."""

GENERIC: Final = "GENERICO"
"""Code of the portfolio that every database starts with."""

RELATIONS: Final = (
    ("controls", "controlla", "è controllata da", "controls", "is controlled by"),
    ("partner", "è partner di", "è partner di", "is a partner of", "is a partner of"),
    ("refers", "ha segnalato", "è stata segnalata da", "referred", "was referred by"),
    ("advised_by", "è seguita da", "è consulente di", "is advised by", "advises"),
)


def seed(session: Session) -> None:
    """Add what is missing; runs at the end of every migration, and changes nothing the second time."""
    unit = session.scalar(select(BusinessUnit).where(BusinessUnit.number == PRIMARY_UNIT))
    if unit is None:
        unit = session.add(BusinessUnit(number=PRIMARY_UNIT, code="BU1", label_it="Unità principale", label_en="Main unit", owner=CORE))
        session.flush()
    if not session.scalar(select(func.count()).select_from(Portfolio).where(Portfolio.business_unit_id == unit.id)):
        session.add(Portfolio(business_unit_id=unit.id, code=GENERIC, label_it="Generico", label_en="Generic", owner=CORE))
    known = set(session.scalars(select(RelationKind.code)))
    for code, label_it, inverse_it, label_en, inverse_en in RELATIONS:
        if code not in known:
            made = RelationKind(code=code, label_it=label_it, inverse_it=inverse_it, label_en=label_en, inverse_en=inverse_en, owner=CORE)
            session.add(made)
