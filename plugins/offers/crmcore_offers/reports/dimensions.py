"""By what reports are grouped, and what people call it."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, bindparam, func, select

from crmcore import Account, Label, Session
from crmcore.model import Portfolio, Salesperson, Site
from crmcore.query import batches
from crmcore_offers.model import Category, Document, Product, Row
from crmcore_offers.reports.periods import Period
from crmcore_offers.reports.subjects import Types, states_of

NONE: Final = Label("(nessuno)", "(none)")
_LEGAL: Final = "legal"


class By(enum.StrEnum):
    """What the lines of a report are."""

    STAGE = "stage"
    AGENT = "agent"
    AGENCY = "agency"
    PERIOD = "period"
    TYPE = "type"
    PORTFOLIO = "portfolio"
    CAMPAIGN = "campaign"
    CUSTOMER = "customer"
    PROVINCE = "province"
    PRODUCT = "product"
    CATEGORY = "category"

    @property
    def of_rows(self) -> bool:
        """Whether rows of one document may stand on different lines."""
        return self in {By.PRODUCT, By.CATEGORY}


_COLUMNS: Final[Mapping[By, Any]] = {
    By.STAGE: Document.state,
    By.AGENT: Document.agent_id,
    By.AGENCY: Document.agency_id,
    By.PERIOD: Document.close_period,
    By.TYPE: Document.type,
    By.PORTFOLIO: Document.portfolio_id,
    By.CAMPAIGN: Document.campaign,
    By.CUSTOMER: Document.account_id,
    By.PRODUCT: Row.product_id,
    By.CATEGORY: Product.category_id,
}
_CODED: Final[Mapping[By, Any]] = {
    By.AGENT: Salesperson,
    By.AGENCY: Salesperson,
    By.PORTFOLIO: Portfolio,
    By.PRODUCT: Product,
    By.CATEGORY: Category,
}


def column_of(by: By) -> ColumnElement[Any]:
    """Return what is grouped by. A document is in the province of its site, or else of the legal site of its customer."""
    if by is not By.PROVINCE:
        found: ColumnElement[Any] = _COLUMNS[by]
        return found
    own = select(Site.province).where(Site.id == Document.site_id).correlate(Document).scalar_subquery()
    legal = select(func.min(Site.province)).where(Site.account_id == Document.account_id, Site.kind == _LEGAL).correlate(Document)
    return func.coalesce(own, legal.scalar_subquery())


def names_of(session: Session, by: By, keys: Iterable[Any], types: Types) -> dict[Any, tuple[str, Label]]:
    """Return code and label of each key that was found, in the order of lines; what is empty comes last."""
    present = [key for key in keys if key not in (None, "")]
    found = _names(session, by, present, types)
    # What has no name any more is still counted.
    missing = [key for key in present if key not in found]
    found |= {key: (str(key), Label(str(key), str(key))) for key in sorted(missing, key=str)}
    return found | {key: ("", NONE) for key in keys if key in (None, "")}


def _names(session: Session, by: By, keys: list[Any], types: Types) -> dict[Any, tuple[str, Label]]:
    wanted = set(keys)
    if by is By.STAGE:
        return {state.code: (state.code, state.label) for state in states_of(session) if state.code in wanted}
    if by is By.TYPE:
        return {code: (code, label) for code, label in types.labels.items() if code in wanted}
    if by is By.PERIOD:
        read = sorted((found for key in keys if (found := Period.read(key)) is not None), key=lambda period: period.order)
        return {str(each): (str(each), Label(str(each), str(each))) for each in read}
    if by in {By.CAMPAIGN, By.PROVINCE}:
        return {key: (key, Label(key, key)) for key in sorted(keys)}
    return dict(sorted(_coded(session, by, keys).items(), key=lambda pair: (pair[1][0], pair[0])))


def _coded(session: Session, by: By, keys: list[int]) -> dict[Any, tuple[str, Label]]:
    found: dict[Any, tuple[str, Label]] = {}
    for some in batches(keys):
        for key, code, it, en in session.execute(_asking(by), {"some": some}):
            found[key] = (str(code), Label(it, en or it))
    return found


@cache
def _asking(by: By) -> Select[int, Any, str, str]:
    """Return the query for code and label of some records, by key."""
    if by is By.CUSTOMER:
        columns = (Account.id, Account.id, Account.name, Account.name)
    else:
        cls = _CODED[by]
        columns = (cls.id, cls.code, *((cls.name, cls.name) if cls is Salesperson else (cls.label_it, cls.label_en)))
    return select(*columns).where(columns[0].in_(bindparam("some", expanding=True)))
