"""Duplicates in the registry: a scan of all accounts, and the check of one that is about to be made, with somebody else writing."""

from __future__ import annotations

import random
import resource
import statistics
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from crmcore_quality.matching import check, rebuild, scan
from sqlalchemy import func, select

from bench.databases import RELAXED, Databases
from bench.italian_records import make_records
from bench.measure import Figure
from crmcore import Account, Actor, Crm
from crmcore.model import ContactPoint, Site

SYSTEM = Actor.system("bench")
CHECKS = 1_000
WARM_UP = 50
MILLION = 1_000_000


def figures(databases: Databases, *, quick: bool) -> list[Figure]:
    """Measure with 20,000 accounts when ``quick``, else with 100,000; `million` measures a million on SQLite."""
    return [figure for kind in databases.kinds for figure in measure(databases, kind, 20_000 if quick else 100_000)]


def million(databases: Databases) -> list[Figure]:
    return list(measure(databases, "sqlite", MILLION))


def measure(databases: Databases, kind: Any, size: int) -> Iterator[Figure]:
    with databases.source.fresh(kind, databases.folder) as url, open_crm(url) as crm:
        fill(crm, size)
        start = time.process_time()
        with crm.session(SYSTEM) as session:
            for _ in rebuild(session):
                session.commit()
            session.commit()
        made = time.process_time()
        with crm.session(SYSTEM) as session:
            found = scan(session)
            session.commit()
        end = time.process_time()
        notes = (
            f"keys {made - start:.1f} s before that; {found.compared:,} pairs compared, {found.auto:,} sure, {found.review:,} to review",
            f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024:,} MB at most in this process so far",
        )
        target = 90.0 if size >= MILLION else 6.0 * size / 100_000
        yield Figure(
            subject=f"scan of {size:,} accounts", database=kind, value=end - made, unit="s", target=target, of="value", notes=notes
        )
        yield from _checks(crm, kind, size)


def _checks(crm: Crm, kind: str, size: int) -> Iterator[Figure]:
    """Check records like those that are there, while another thread makes accounts."""
    rows, _ = make_records(CHECKS + WARM_UP, 99)
    taken, walls = [], []
    with writing(crm) as written, crm.session(SYSTEM) as session:
        for number, row in enumerate(rows):
            wall, cpu = time.perf_counter(), time.thread_time()
            check(session, row)
            if number >= WARM_UP:
                taken.append((time.thread_time() - cpu) * 1000)
                walls.append((time.perf_counter() - wall) * 1000)
            session.rollback()
    cuts, wall = statistics.quantiles(taken, n=100), statistics.quantiles(walls, n=100)
    notes = (
        f"median {cuts[49]:.2f} ms; wall median {wall[49]:.2f} ms, p99 {wall[98]:.2f} ms; {written[0]} accounts were written meanwhile",
    )
    yield Figure(
        subject=f"check at insert among {size:,}, p99 of processor time",
        database=kind,
        value=cuts[98],
        unit="ms",
        target=3.0,
        of="value",
        notes=notes,
    )


@contextmanager
def writing(crm: Crm) -> Iterator[list[int]]:
    """Make accounts in another thread, some twenty a second, as long as the block lasts."""
    stop = threading.Event()
    written = [0]

    def work() -> None:
        while not stop.wait(0.05):
            with crm.session(SYSTEM) as session:
                session.accounts.create(name=f"Nuova {written[0]}", phone1=f"+39 0445 {written[0]:06}")
                session.commit()
                written[0] += 1

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield written
    finally:
        stop.set()
        thread.join()


@contextmanager
def open_crm(url: str) -> Iterator[Crm]:
    with Crm.open(url, plugins=["italy", "quality"], settings=RELAXED, migrate=True) as crm:
        yield crm


def fill(crm: Crm, size: int, seed: int = 11) -> list[Any]:
    """Write Italian accounts past the session, in an order by chance; return the truth by id."""
    rows, truth = make_records(size, seed)
    order = list(range(len(rows)))
    random.Random(seed).shuffle(order)  # noqa: S311 - the same order each time
    rows, truth = [rows[place] for place in order], [truth[place] for place in order]
    now = datetime(2026, 5, 11, 7, tzinfo=UTC)
    stamps = {"version": 1, "created_at": now, "updated_at": now, "created_by": "bench", "updated_by": "bench"}
    with crm.engine.begin() as connection:
        for start in range(0, len(rows), 10_000):
            chunk = list(enumerate(rows[start : start + 10_000], start + 1))
            connection.execute(Account.__table__.insert(), [_account(number, row) | stamps for number, row in chunk])
            connection.execute(Site.__table__.insert(), [_site(number, row) | stamps for number, row in chunk])
            points = [each | stamps for number, row in chunk for each in _points(number, row)]
            if points:
                connection.execute(ContactPoint.__table__.insert(), points)
        if crm.engine.dialect.name == "postgresql":
            # The keys were given here: whoever makes an account later goes on behind them.
            connection.execute(select(func.setval(func.pg_get_serial_sequence("account", "id"), size)))
    return truth


def _account(number: int, row: Any) -> dict[str, Any]:
    return {
        "id": number,
        "uid": f"{number:032x}",
        "name": row["name"],
        "phone1": None,
        "vat_code": row["vat_code"][:20] or None,
        "fiscal_code": row["fiscal_code"][:16] or None,
        "kind": "business",
        "language": "it",
        "seller_source": "zone",
        "private": False,
        "incomplete": False,
        "characteristics": {},
    }


def _site(number: int, row: Any) -> dict[str, Any]:
    parts = {name: row[name] or None for name in ("street", "civic", "postcode", "municipality")}
    plain = {"kind": "legal", "country": "IT", "address_unverified": False, "disabled": False, "raw": ""}
    return {"account_id": number, "province": row["province"][:4] or None, **parts, **plain}


def _points(number: int, row: Any) -> Iterator[dict[str, Any]]:
    for kind, field in (("phone", "phones"), ("email", "emails")):
        if row[field]:
            yield {"account_id": number, "kind": kind, "value": row[field], "raw": row[field], "label": "", "position": 1}
