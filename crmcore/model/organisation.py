"""Business units and portfolios: how a firm cuts its archive (S4, B14)."""

from __future__ import annotations

from typing import Final

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from crmcore.model.account import Account
from crmcore.model.base import Entity
from crmcore.model.paths import path_text
from crmcore.model.visibility import Visibility

PATH_LENGTH: Final = 2400
"""Longest path of a portfolio, which an index of PostgreSQL can hold: some 400 levels."""


class BusinessUnit(Entity):
    """One of up to ten units; number 1 holds the primary portfolios (glossary 14, 16)."""

    __tablename__ = "business_unit"
    __visibility__ = Visibility.public()
    __personal__ = ()
    __table_args__ = (CheckConstraint("number BETWEEN 1 AND 10", name="number"),)

    number: Mapped[int] = mapped_column(unique=True)
    code: Mapped[str] = mapped_column(String(40), unique=True)
    label_it: Mapped[str] = mapped_column(String(120))
    label_en: Mapped[str] = mapped_column(String(120), default="")
    obsolete: Mapped[bool] = mapped_column(default=False)
    owner: Mapped[str] = mapped_column(String(24), default="deployment")


class Portfolio(Entity):
    """A node of the tree of portfolios of a business unit, of any depth.

    ``path`` is the chain of ids from the root down to this node, each followed by a slash (``7/12/40/``): a subtree is a prefix.
    """

    __tablename__ = "portfolio"
    __visibility__ = Visibility.public()
    __personal__ = ()
    __table_args__ = (UniqueConstraint("business_unit_id", "code"), Index(None, "path"))

    business_unit_id: Mapped[int] = mapped_column(ForeignKey("business_unit.id"))
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("portfolio.id"), index=True, default=None)
    code: Mapped[str] = mapped_column(String(40))
    label_it: Mapped[str] = mapped_column(String(120))
    label_en: Mapped[str] = mapped_column(String(120), default="")
    path: Mapped[str] = mapped_column(path_text(PATH_LENGTH), default="")
    obsolete: Mapped[bool] = mapped_column(default=False)
    owner: Mapped[str] = mapped_column(String(24), default="deployment")


class AccountPortfolio(Entity):
    """The portfolio of an account in one business unit: at most one for each (I-2)."""

    __tablename__ = "account_portfolio"
    __visibility__ = Visibility.via("account_id")
    __personal__ = ()
    __table_args__ = (UniqueConstraint("account_id", "business_unit_id"),)

    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    business_unit_id: Mapped[int] = mapped_column(ForeignKey("business_unit.id"))
    portfolio_id: Mapped[int] = mapped_column(ForeignKey("portfolio.id"), index=True)

    account: Mapped[Account] = relationship(init=False)
    portfolio: Mapped[Portfolio] = relationship(init=False)
