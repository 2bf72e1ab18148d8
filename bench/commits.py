"""What the unit of work adds to a plain commit of SQLAlchemy's ORM: history, events, checks and hooks."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import DateTime, Integer, String, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, declared_attr, mapped_column

from bench.databases import Databases, account, backends
from bench.measure import Figure, interleaved
from crmcore import Account, Crm

TARGETS = {1: 1.5, 1_000: 1.3}


class _Base(DeclarativeBase):
    """The base that somebody without crmcore would write."""


class PlainAccount(_Base):
    """The same table with the same columns, in SQLAlchemy's own types, with its own version counter."""

    __tablename__ = "account"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    version: Mapped[int]
    uid: Mapped[str] = mapped_column(Uuid(as_uuid=False))
    name: Mapped[str] = mapped_column(String(200))
    kind: Mapped[str] = mapped_column(String(10), default="business")
    phone1: Mapped[str | None] = mapped_column(String(40))
    characteristics: Mapped[Any] = mapped_column(Text().with_variant(JSONB(), "postgresql"))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    created_by: Mapped[str] = mapped_column(String(100))
    updated_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    updated_by: Mapped[str] = mapped_column(String(100))

    @declared_attr.directive
    @classmethod
    def __mapper_args__(cls) -> dict[str, Any]:
        return {"version_id_col": cls.__table__.c.version}


def figures(databases: Databases, *, quick: bool) -> list[Figure]:
    """Measure commits of one and of a thousand new accounts."""
    found = []
    for kind in databases.kinds:
        for rows, target in TARGETS.items():
            with databases.open(kind) as crm:
                found += _compare(crm, kind, rows, target, quick=quick)
    return found


def _compare(crm: Crm, kind: str, rows: int, target: float, *, quick: bool) -> list[Figure]:
    times = (50 if quick else 200) if rows == 1 else 1
    measured = interleaved(
        {"crmcore": with_crm(crm, rows), "plain": plain(crm, rows), "mapped": mapped(crm, rows)},
        rounds=9 if quick else 21,
        times=times,
        servers=lambda: backends(crm),
    )
    name = "1 row" if rows == 1 else f"{rows:,} rows"
    notes = (f"crmcore's mapping in a plain session: {measured['mapped'] * 1e6:,.0f} µs",)
    value, baseline = measured["crmcore"] * 1e6, measured["plain"] * 1e6
    subject = f"commit of {name}"
    return [
        Figure(
            subject=subject,
            database=kind,
            value=value,
            unit="µs",
            baseline=baseline,
            against="plain ORM commit",
            target=target,
            notes=notes,
        )
    ]


def with_crm(crm: Crm, rows: int) -> Callable[[], None]:
    """Return a commit through the unit of work."""

    def run() -> None:
        with crm.session("bench") as session:
            for number in range(rows):
                session.add(account(number))
            session.commit()

    return run


def plain(crm: Crm, rows: int) -> Callable[[], None]:
    """Return a commit of the same values by somebody who only has SQLAlchemy, on the same engine."""
    is_postgres = crm.engine.dialect.name == "postgresql"

    def run() -> None:
        with Session(crm.engine, autoflush=False, expire_on_commit=False) as session:
            now = datetime.now(UTC)
            for number in range(rows):
                session.add(
                    PlainAccount(
                        uid=str(uuid.uuid4()),
                        name=f"Rossi Forniture {number} S.r.l.",
                        phone1="+39 045 7000000",
                        characteristics={} if is_postgres else "{}",
                        created_at=now,
                        created_by="bench",
                        updated_at=now,
                        updated_by="bench",
                    )
                )
            session.commit()

    return run


def mapped(crm: Crm, rows: int) -> Callable[[], None]:
    """Return a commit of crmcore's own class in a session of SQLAlchemy alone, which shows what the mapping itself costs."""

    def run() -> None:
        with Session(crm.engine, autoflush=False, expire_on_commit=False) as session:
            now = datetime.now(UTC)
            for number in range(rows):
                record: Account = account(number)
                record.uid = str(uuid.uuid4())
                record.created_at = record.updated_at = now
                record.created_by = record.updated_by = "bench"
                session.add(record)
            session.commit()

    return run
