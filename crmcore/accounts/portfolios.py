"""Business units and portfolios through the API (B14)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sqlalchemy import Select, select

from crmcore.accounts.building import find_portfolios, find_unit
from crmcore.accounts.seed import PRIMARY_UNIT
from crmcore.model import AccountPortfolio, BusinessUnit, Portfolio, below

if TYPE_CHECKING:
    from crmcore.session import Session


class PortfoliosApi:
    """Trees of portfolios, one or more for each of up to ten business units. Get it as ``session.portfolios``.

    Whatever changes a tree is flushed at once, because the paths of others depend on it; it lasts with the commit.
    """

    def __init__(self, session: Session) -> None:
        self._session = session

    def add_unit(self, number: int, code: str, label_it: str = "", label_en: str = "") -> BusinessUnit:
        """Add a business unit and return it; number 1 is there from the start.

        Raises:
            ValidationFailed: ``VALUE_INVALID`` for a number beyond ten, ``CONSTRAINT_VIOLATED`` for a number or code that is taken.
        """
        unit = self._session.add(BusinessUnit(number=number, code=code, label_it=label_it or code, label_en=label_en))
        self._session.flush()
        return unit

    def units(self) -> Sequence[BusinessUnit]:
        """Return the business units by number."""
        return self._session.scalars(select(BusinessUnit).order_by(BusinessUnit.number)).all()

    def create(
        self, code: str, label_it: str = "", *, label_en: str = "", unit: int = PRIMARY_UNIT, parent: str | Portfolio | None = None
    ) -> Portfolio:
        """Add a portfolio to a business unit, at the top or below ``parent`` (a code of the same unit), and return it.

        Raises:
            ValidationFailed: ``CODE_UNKNOWN``, ``PORTFOLIO_UNIT``, ``PORTFOLIO_TOO_DEEP``, ``CONSTRAINT_VIOLATED`` for a code in use.
        """
        made = Portfolio(
            business_unit_id=find_unit(self._session, unit),
            code=code,
            label_it=label_it or code,
            label_en=label_en,
            parent_id=self._id(unit, parent),
        )
        self._session.add(made)
        self._session.flush()
        return made

    def get(self, code: str, *, unit: int = PRIMARY_UNIT) -> Portfolio | None:
        """Return the portfolio with this code in a business unit, or None."""
        found = self._session.scalar(
            select(Portfolio)
            .join(BusinessUnit, BusinessUnit.id == Portfolio.business_unit_id)
            .where(BusinessUnit.number == unit, Portfolio.code == code)
        )
        return found if isinstance(found, Portfolio) else None

    def move(self, portfolio: Portfolio, parent: Portfolio | None) -> None:
        """Put a portfolio, with everything below it, under another one of its business unit, or at the top.

        Raises:
            ValidationFailed: ``PORTFOLIO_CYCLE``, ``PORTFOLIO_UNIT``, ``PORTFOLIO_TOO_DEEP``.
        """
        portfolio.parent_id = None if parent is None else parent.id
        self._session.flush()

    def obsolete(self, portfolio: Portfolio, *, obsolete: bool = True) -> None:
        """Mark a portfolio as obsolete: accounts keep it, and none gets it anew."""
        portfolio.obsolete = obsolete
        self._session.flush()

    def tree(self, unit: int = PRIMARY_UNIT) -> list[tuple[int, Portfolio]]:
        """Return the portfolios of a business unit with their depth (0 at the top), each before those below it, siblings by code."""
        unit_id = find_unit(self._session, unit)
        nodes = self._session.scalars(select(Portfolio).where(Portfolio.business_unit_id == unit_id).order_by(Portfolio.code.desc()))
        below_of: dict[int | None, list[Portfolio]] = {}
        for node in nodes:
            below_of.setdefault(node.parent_id, []).append(node)
        found: list[tuple[int, Portfolio]] = []
        waiting = [(0, node) for node in below_of.get(None, [])]
        while waiting:
            depth, node = waiting.pop()
            found.append((depth, node))
            waiting += [(depth + 1, child) for child in below_of.get(node.id, [])]
        return found

    def subtree(self, portfolio: Portfolio) -> Sequence[Portfolio]:
        """Return a portfolio and everything below it, each before those below it."""
        return self._session.scalars(select(Portfolio).where(below(Portfolio.path, self._path(portfolio))).order_by(Portfolio.path)).all()

    def ancestors(self, portfolio: Portfolio) -> Sequence[Portfolio]:
        """Return what a portfolio lies in, from the top down, without itself."""
        keys = [int(key) for key in self._path(portfolio).split("/")[:-2]]
        found = {node.id: node for node in self._session.scalars(select(Portfolio).where(Portfolio.id.in_(keys)))}
        return [found[key] for key in keys if key in found]

    def accounts_below(self, portfolio: Portfolio) -> Select[int]:
        """Return the query for the ids of the accounts of a portfolio and everything below it, to be used in other queries."""
        return (
            select(AccountPortfolio.account_id)
            .join(Portfolio, Portfolio.id == AccountPortfolio.portfolio_id)
            .where(below(Portfolio.path, self._path(portfolio)))
        )

    def _id(self, unit: int, given: str | Portfolio | None) -> int | None:
        if given is None or isinstance(given, Portfolio):
            return None if given is None else given.id
        return find_portfolios(self._session, {unit: given})[unit]

    def _path(self, portfolio: Portfolio) -> str:
        # Another session may have moved it meanwhile.
        path: str | None = self._session.scalar(select(Portfolio.path).where(Portfolio.id == portfolio.id))
        return path or portfolio.path
