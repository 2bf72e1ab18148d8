"""Disable, enable and purge: a disabled plugin keeps its data and is silent, a purged one leaves nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sqlalchemy import inspect

from crmcore import migrate
from crmcore.app import Crm
from crmcore.errors import CrmError, Problem
from crmcore.model import Account
from crmcore.testing.conformance.dumps import Dump, dump
from crmcore.testing.conformance.scene import ACTOR, Scene, queue_rows
from crmcore.testing.conformance.subject import Bench, Subject

_NAME: Final = "Kit S.p.A."
_PHONE: Final = "+390245678901"
"""In the form that those whom the plugin requires would bring it into."""


def disable_and_enable(subject: Subject, bench: Bench) -> Iterator[Problem]:
    """Disable the plugin, which then keeps its data and does nothing, and enable it again."""
    with bench.database() as url:
        with bench.crm(url) as crm:
            _play(Scene(crm, subject))
            kept, waiting = _own(subject, crm), _waiting(subject, crm)
        with bench.crm(url, enabled=False, migrate=True, seed=2) as crm:
            yield from _active(subject, crm, kept, waiting)
        with bench.crm(url, migrate=True, seed=3) as crm:
            for table in kept.differences(_own(subject, crm)):
                yield subject.problem(
                    "KIT_DISABLED_ACTIVE", table.partition(" ")[0], detail=f"its data is not the same when it is enabled again: {table}"
                )
            if _waiting(subject, crm) != waiting:
                yield subject.problem("KIT_DISABLED_ACTIVE", "crm_job", detail="its waiting jobs and deliveries were lost")


def _active(subject: Subject, crm: Crm, kept: Dump, waiting: list[object]) -> Iterator[Problem]:
    with crm.session(ACTOR) as session:
        account = session.add(Account(name=_NAME))
        session.commit()
        account.phone1 = _PHONE
        session.commit()
    crm.worker(name="kit").run_until_idle()
    with crm.session(ACTOR) as session:
        stored = session.require(Account, account.id)
        for name, wanted in (("name", _NAME), ("phone1", _PHONE)):
            found = getattr(stored, name)
            if found != wanted:
                yield subject.problem(
                    "KIT_DISABLED_ACTIVE", f"account.{name}", detail=f"account.{name} was written as {wanted!r} and is {found!r}"
                )
    for table in kept.differences(_own(subject, crm)):
        yield subject.problem("KIT_DISABLED_ACTIVE", table.partition(" ")[0], detail=f"its data changed: {table}")
    if _waiting(subject, crm) != waiting:
        yield subject.problem("KIT_DISABLED_ACTIVE", "crm_job", detail="its jobs or deliveries ran")


def purge(subject: Subject, bench: Bench) -> Iterator[Problem]:
    """Purge the disabled plugin: the report names its tables and no others, and afterwards there is no trace of it."""
    with bench.database() as url:
        with bench.crm(url) as crm:
            _play(Scene(crm, subject))
        with bench.crm(url, enabled=False, migrate=True, seed=2) as crm:
            expected = {table.name for table in subject.registry.tables(subject.name)}
            if subject.name in subject.registry.migrations:
                expected.add(migrate.version_table(subject.name))
            try:
                with crm.engine.connect() as connection:
                    report = migrate.purge_report(connection, subject.name)
                found = {name for name, _ in report.tables}
                if found != expected:
                    names = [", ".join(sorted(group)) or "nothing" for group in (found, expected)]
                    yield subject.problem("KIT_PURGE_REPORT", subject.name, found=names[0], expected=names[1])
                migrate.purge(crm.engine, subject.name, report.token)
            except CrmError as error:
                yield subject.problem("KIT_RAISED", "purge", check="purge", error=str(error))
                return
            yield from _leftovers(subject, crm)


def _leftovers(subject: Subject, crm: Crm) -> Iterator[Problem]:
    with crm.engine.connect() as connection:
        tables = set(inspect(connection).get_table_names())
    others = set(subject.registry.owners) - {table.name for table in subject.registry.tables(subject.name)}
    for table in sorted(tables - others):
        if table.startswith(f"{subject.name}_") or table == migrate.version_table(subject.name):
            yield subject.problem("KIT_PURGE_LEFTOVER", table, what=f"table {table}")
    if queue_rows(crm, plugin=subject.name):
        yield subject.problem("KIT_PURGE_LEFTOVER", "crm_job", what="rows in the queue")


def _play(scene: Scene) -> None:
    """Let the records come to life, and leave deliveries and jobs waiting."""
    scene.play_what_goes()
    for job in scene.subject.jobs:
        scene.enqueue(job)


def _own(subject: Subject, crm: Crm) -> Dump:
    return dump(crm.engine, only=[table.name for table in subject.registry.tables(subject.name)])


def _waiting(subject: Subject, crm: Crm) -> list[object]:
    return [row["id"] for row in queue_rows(crm, plugin=subject.name, state="queued")]
