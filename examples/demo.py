"""What ``make demo`` runs: a CRM on SQLite, filled from a file, with a plugin, history, timers and thirty days that pass in a moment.

Everything is left in the folder given as the argument (default ``build/demo``), to be explored with the command line.
"""

from __future__ import annotations

import json
import shutil
import sys
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import func, select

from crmcore import Account, Crm, FrozenClock, StaleVersion, ValidationFailed
from crmcore.deployment import write_new
from crmcore.model import EVENT
from crmcore.testing import advance

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))
import welcome  # noqa: E402 - the example beside this file

BAR = 30


def main(folder: Path) -> None:
    """Run the demo in ``folder``, which is emptied first."""
    shutil.rmtree(folder, ignore_errors=True)
    step("Deployment", f"{folder / 'crm.yaml'}")
    write_new(folder, database="sqlite:///crm.db", plugins=["italy"], zone="Europe/Rome", lang="it")
    clock = FrozenClock(datetime(2026, 4, 2, 8, 0, tzinfo=UTC))
    with Crm.open(folder, plugins=["italy", welcome], clock=clock, migrate=True) as crm:
        step("Schema", ", ".join(str(state).replace(", expected", " of") for state in crm.schema()))
        fill(crm)
        refusals(crm)
        calls(crm)
        table(crm)
    print(
        f"\nThe CRM stays in {folder}. Try next:\n"
        f"  .venv/bin/crm -C {folder} doctor        what it consists of, and whether all is well\n"
        f"  .venv/bin/crm -C {folder} jobs list     what the queue did\n"
        f"  .venv/bin/crm new-plugin garanzie       write a plugin of your own"
    )


def step(what: str, detail: str) -> None:
    """Print one line of the story."""
    print(f"{what:<12} {detail}")


def fill(crm: Crm) -> None:
    """Load the accounts of the file, ten in each transaction."""
    given = json.loads((HERE / "data" / "accounts.json").read_text("utf-8"))
    rows = [(entry["name"], phone) for phone, entry in given.items()]
    started = time.perf_counter()
    for first in range(0, len(rows), 10):
        with crm.session("demo", source="import") as s:
            for name, phone in rows[first : first + 10]:
                s.accounts.create(name=name, phone1=phone, portfolio="GENERICO")
            s.commit()
        done = min(first + 10, len(rows))
        if sys.stdout.isatty():
            bar = "█" * (BAR * done // len(rows))
            print(f"\r{'Accounts':<12} {bar:<{BAR}} {done}/{len(rows)} ", end="", flush=True)
    print(
        "\r" * sys.stdout.isatty()
        + f"{'Accounts':<12} {len(rows):<{BAR + 8}} in {time.perf_counter() - started:.2f} s, each with its history, its event and a timer"
    )


def refusals(crm: Crm) -> None:
    """Show what is refused, and that nothing of it stays."""
    with crm.session("anna") as s:
        s.accounts.create(name="Senza Telefono S.r.l.")
        try:
            s.commit()
        except ValidationFailed as error:
            for problem in error.problems:
                step("Refused", problem.line("it"))
    with crm.session("anna") as mine, crm.session("bruno") as theirs:
        account = mine.require(Account, 1)
        theirs.require(Account, 1).name = "Azienda Prova 0005 S.p.A."
        theirs.commit()
        account.name = "Another name"
        try:
            mine.commit()
        except StaleVersion as error:
            step("Refused", error.text("it"))


def calls(crm: Crm) -> None:
    """Let thirty days pass: the timers fire after three working days, Easter Monday skipped."""
    started = time.perf_counter()
    ran = advance(crm, timedelta(days=30))
    with crm.engine.connect() as connection:
        rows = connection.execute(select(EVENT.c.type, EVENT.c.at).order_by(EVENT.c.event_id)).all()
    due = {row.at.astimezone(crm.zone).strftime("%A %d %B %Y, %H:%M") for row in rows if row.type == "welcome.call_due"}
    counted = ", ".join(f"{number} {kind}" for kind, number in Counter(row.type for row in rows).items())
    step("Time", f"30 days in {time.perf_counter() - started:.2f} s: {ran} jobs ran; calls were due on {', '.join(sorted(due))}")
    step("Events", counted)


def table(crm: Crm) -> None:
    """Show some accounts."""
    with crm.session("demo") as s:
        total = s.scalar(select(func.count()).select_from(Account))
        some = s.scalars(select(Account).order_by(Account.id).limit(5)).all()
    print(f"\n  {'id':>3}  {'name':<28} {'phone':<16} {'version':>7}  changed by")
    for account in some:
        print(f"  {account.id:>3}  {account.name:<28} {account.phone1:<16} {account.version:>7}  {account.updated_by}")
    print(f"  … {total} accounts in all")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "build/demo"))
