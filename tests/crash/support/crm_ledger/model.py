from __future__ import annotations

from typing import ClassVar

import attrs
from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from crmcore import Entity, Event, Visibility


class LedgerEntity(Entity, plugin="ledger"):
    __abstract__ = True


class Entry(LedgerEntity):
    """What a commit writes: number ``number`` of run ``run``."""

    __tablename__ = "ledger_entry"
    __visibility__ = Visibility.public()
    __personal__ = ()

    run: Mapped[str] = mapped_column(String(60), index=True)
    number: Mapped[int]
    note: Mapped[str] = mapped_column(String(60), default="")


class Echo(LedgerEntity):
    """What a handler inside the transaction adds for each entry."""

    __tablename__ = "ledger_echo"
    __visibility__ = Visibility.public()
    __personal__ = ()

    run: Mapped[str] = mapped_column(String(60), index=True)
    number: Mapped[int]


class Counter(LedgerEntity):
    """A number that several read, raise and write."""

    __tablename__ = "ledger_counter"
    __visibility__ = Visibility.public()
    __personal__ = ()

    name: Mapped[str] = mapped_column(String(60), unique=True)
    value: Mapped[int] = mapped_column(default=0)


class Tally(LedgerEntity):
    """A sum without history, raised by a hook before each commit and by each delivery: a double shows in it."""

    __tablename__ = "ledger_tally"
    __visibility__ = Visibility.system()
    __personal__ = ()
    __audited__ = False

    name: Mapped[str] = mapped_column(String(60), unique=True)
    total: Mapped[int] = mapped_column(default=0)


class Effect(LedgerEntity):
    """One row for each time that a handler or job had its effect; nothing forbids a second one of the same token."""

    __tablename__ = "ledger_effect"
    __visibility__ = Visibility.system()
    __personal__ = ()
    __audited__ = False

    what: Mapped[str] = mapped_column(String(60))
    token: Mapped[str] = mapped_column(String(200), index=True)


@attrs.frozen(kw_only=True)
class Posted(Event):
    TYPE: ClassVar[str] = "ledger.posted"

    run: str
    number: int
