from __future__ import annotations

from datetime import date
from decimal import Decimal

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from crmcore import Entity, Visibility
from crmcore.model import Money


class ContractsEntity(Entity, plugin="contracts"):
    __abstract__ = True


class Contract(ContractsEntity):
    __tablename__ = "contracts_contract"
    __visibility__ = Visibility.via("account_id")
    __personal__ = ()
    __state_table__ = "contracts.contracts"
    __state_variant__ = "order_type"
    __table_args__ = (Index(None, "state"),)

    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    state: Mapped[str] = mapped_column(String(40), init=False)
    order_type: Mapped[str] = mapped_column(String(40), default="")
    customer_signature: Mapped[date | None] = mapped_column(default=None)
    activation: Mapped[date | None] = mapped_column(default=None)
    amount: Mapped[Decimal | None] = mapped_column(Money, default=None)
    note: Mapped[str | None] = mapped_column(String(200), default=None)
