"""Documents that follow from work: an appointment that was booked, a sale on the line, an opportunity that somebody reports (G16, I-38)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs
from sqlalchemy import func, select

from crmcore import Account, Session
from crmcore.model import AccountPortfolio, BusinessUnit, Person, Salesperson, SalespersonKind, Site, SiteKind, User
from crmcore_offers.archive.catalogue import find_type
from crmcore_offers.codes import refuse
from crmcore_offers.model import Document

if TYPE_CHECKING:
    from crmcore_offers.archive.documents import Documents


@attrs.frozen
class Origin:
    """The record that a document comes from, such as the entry of a campaign's list, and the campaign."""

    entity: str
    id: int
    campaign: str = ""


def generate(
    documents: Documents, session: Session, type_name: str, account: Account | int, *, origin: Origin, fields: dict[str, Any]
) -> Document:
    """Make the document of an origin, with what the CRM knows of the customer and of who works.

    Legal site, only contact person and primary portfolio are those of the account; the operator is the actor's own, if that one is an
    operator; the agent is the seller of the account.

    Raises:
        ValidationFailed: ``OFFERS_GENERATED`` when the origin has a document of this type: they are one to one.
    """
    order_type = find_type(session, type_name)
    found = account if isinstance(account, Account) else session.accounts.require(account)
    same = select(Document.id).where(Document.origin_id == origin.id, Document.origin == origin.entity, Document.type == order_type.code)
    # Past the guard: a document that the actor does not see is one as well.
    with session.unguarded("offers"):
        taken = session.scalar(same.limit(1))
    if taken is not None:
        raise refuse("OFFERS_GENERATED", origin.id, type=order_type.code, origin=origin.entity, origin_id=origin.id)
    known = {"origin": origin.entity, "origin_id": origin.id, "campaign": origin.campaign, **_of_account(session, found)}
    operator = _operator(session)
    if operator is not None:
        known["operator_id"] = operator
    return documents.create(order_type.code, found, **{**known, **fields})


def _of_account(session: Session, account: Account) -> dict[str, int]:
    """Return legal site, only contact person and primary portfolio of an account, as far as there are any: one statement."""
    site = select(func.min(Site.id)).where(Site.account_id == account.id, Site.kind == SiteKind.LEGAL.value, Site.disabled.is_(False))
    mine = (Person.account_id == account.id, Person.disabled.is_(False), Person.erased_at.is_(None))
    person, people = select(func.min(Person.id)).where(*mine), select(func.count()).select_from(Person).where(*mine)
    portfolio = (
        select(func.min(AccountPortfolio.portfolio_id))
        .join(BusinessUnit, BusinessUnit.id == AccountPortfolio.business_unit_id)
        .where(AccountPortfolio.account_id == account.id, BusinessUnit.number == 1)
    )
    row = session.first(
        select(
            site.scalar_subquery().label("site_id"),
            person.scalar_subquery().label("person_id"),
            people.scalar_subquery().label("people"),
            portfolio.scalar_subquery().label("portfolio_id"),
        )
    )
    if row is None:
        return {}
    found = {"site_id": row.site_id, "person_id": row.person_id if row.people == 1 else None, "portfolio_id": row.portfolio_id}
    return {field: key for field, key in found.items() if key is not None}


def _operator(session: Session) -> int | None:
    """Return the operator that the actor is, if there is one."""
    login = session.actor.person
    if login is None:
        return None
    wanted = (
        select(Salesperson.id)
        .join(User, User.salesperson_id == Salesperson.id)
        .where(User.login == login, Salesperson.kind == SalespersonKind.OPERATOR.value)
    )
    found = session.scalar(wanted)
    return found if isinstance(found, int) else None
