"""What ``make demo`` runs: two messy lists become a clean registry, and a wrong merge is taken back.

A call centre buys a list of 4,000 names and comes home from a fair with 26 more. The lists are imported, brought into their Italian form,
and compared; what is one and the same is merged, and what is doubtful is left to people, with the reasons in words. Everything stays in the
folder given as the argument (default ``build/demo``), to be explored with the command line.
"""

from __future__ import annotations

import json
import shutil
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path

from crmcore_quality.importing import Imports, Summary
from crmcore_quality.matching import Reason, list_pairs, merge_auto, scan

from crmcore import Actor, CharacteristicDef, Crm, Label, Session
from crmcore.deployment import load, write_example
from crmcore.merge import MergeResult
from crmcore.planning import apply_plan, make_plan

DATA = Path(__file__).parent / "data"
BAR = 30
SHOWN = 5
CLASS = "classe_consumo"
RULE = '"A" if consumo_annuo >= 8000 else "B" if consumo_annuo >= 3000 else "C"'


def main(folder: Path) -> None:
    """Run the demo in ``folder``, which is emptied first."""
    began = time.perf_counter()
    shutil.rmtree(folder, ignore_errors=True)
    path = write_example(folder, "call-center", plugins=["italy", "quality"])
    step("Deployment", f"the example call-center, in {path}")
    with Crm.open(load(folder), migrate=True) as crm:
        configure(crm, folder)
        known_customers(crm)
        imports = Imports(crm)
        for name, mapping in (("lista4000.csv", "lista-energia"), ("fiera.csv", "fiera")):
            told(imports, imported(imports, name, mapping))
        classes(crm)
        duplicates(crm)
        found = clients(crm)
    print(
        f"\nDone in {time.perf_counter() - began:.0f} s. The CRM stays in {folder}. Try next:\n"
        f"  .venv/bin/crm -C {folder} accounts find corti             what came of the two Corti of the fair\n"
        f"  .venv/bin/crm -C {folder} accounts show {found:<16}  one account, with all that belongs to it\n"
        f"  .venv/bin/crm -C {folder} quality duplicates list         what people should look at, and why"
    )


def configure(crm: Crm, folder: Path) -> None:
    """Bring the configuration of the folder into the database."""
    deployment = load(folder)
    plan = apply_plan(crm, deployment, make_plan(crm, deployment).hash)
    step("Configured", f"{len(plan.steps)} steps: portfolios, characteristics, states, people, mappings of lists")


def known_customers(crm: Crm) -> None:
    """Enter the customers that the firm has had for long."""
    given = json.loads((DATA / "accounts.json").read_text("utf-8"))
    with crm.session(Actor.system("migration"), source="import") as s:
        for phone, entry in given.items():
            account = s.accounts.create(name=entry["name"], phone1=phone, portfolio="GENERICO")
            s.accounts.link(account, "gestionale", entry["code"])
        s.commit()
    step("Customers", f"{len(given)} that were there before")


def imported(imports: Imports, name: str, mapping: str) -> Summary:
    """Import a list, with a bar of how far it is."""
    with progress(name) as show:
        return imports.run(DATA / name, mapping, show)


def told(imports: Imports, done: Summary) -> None:
    """Say what came in, and what was wrong where."""
    counts = Counter(done.counts)
    step(
        "Imported",
        f"{done.file}: {done.read} rows = {counts['created']} created + {counts['updated']} updated "
        f"+ {counts['rejected']} rejected + {counts['duplicate']} repeated; {done.warnings} cells left out",
    )
    wrong = [row for row in imports.report(done.id, lang="en", outcomes=["rejected", "duplicate", "created", "updated"]) if row.message]
    kinds: dict[str, list[str]] = {}
    for row in wrong:
        kinds.setdefault(f"{row.outcome}/{row.column}", []).append(f"line {row.line}: {row.message}")
    for lines in kinds.values():
        more = f"  (and {len(lines) - 1} more like this)" if len(lines) > 1 else ""
        print(f"{'':<12}   {lines[0]}{more}")


def classes(crm: Crm) -> None:
    """Add a rule, and let it classify everybody who is there already."""
    label = Label("Classe di consumo", "Class of consumption")
    spec = CharacteristicDef(key=CLASS, label=label, compute=RULE, depends_on=("consumo_annuo",), indexed=True)
    with crm.session(Actor.system("demo")) as s:
        s.characteristics.define(spec)
        s.commit()
        s.characteristics.sync_indexes()
        s.commit()
    after, changed, seen = 0, 0, 1
    while seen:
        with crm.session(Actor.system("demo")) as s:
            done = s.characteristics.rules.recompute(f"account.{CLASS}.compute", after=after)
            s.commit()
        after, changed, seen = done.last, changed + done.changed, done.seen
    with crm.session(Actor.system("demo")) as s:
        by_class = {letter: s.search.count("account", of_class(letter)).value for letter in "ABC"}
    step("Rule", f"{RULE}: {changed} accounts classified, " + ", ".join(f"{number} {letter}" for letter, number in by_class.items()))


def duplicates(crm: Crm) -> None:
    """Find duplicates, merge those that are sure, show the doubtful ones, and take one merge back to show that it can be."""
    started = time.perf_counter()
    with crm.session(Actor.system("demo")) as s:
        found = scan(s)
        s.commit()
        reasons = {(pair.one, pair.other): why(pair.reasons) for pair in list_pairs(s, band="auto", limit=500)}
        names = {pair.one: pair.one_name for pair in list_pairs(s, limit=500)} | {
            pair.other: pair.other_name for pair in list_pairs(s, limit=500)
        }
        step(
            "Duplicates",
            f"{found.compared} pairs of {found.records} accounts compared in {time.perf_counter() - started:.1f} s: "
            f"{found.auto} sure, {found.review} for people",
        )
        merges: list[MergeResult] = merge_auto(s)
        s.commit()
        step("Merged", f"{sum(len(each.merged_ids) for each in merges)} accounts into {len(merges)}, because:")
        for each in merges[:SHOWN]:
            for other in each.merged_ids:
                reason = reasons.get((each.survivor_id, other)) or reasons.get((other, each.survivor_id), "through a third account")
                print(f"{'':<12}   {names[other]} → {names[each.survivor_id]}: {reason}")
        step("Left", "to people, among others:")
        for pair in list_pairs(s, band="review", limit=SHOWN):
            print(f"{'':<12}   {pair.one_name} / {pair.other_name}: {why(pair.reasons)}")
        take_back(s, merges[-1])


def take_back(s: Session, merge: MergeResult) -> None:
    """Undo a merge, and do it again."""
    s.merges.undo(merge.id)
    s.commit()
    back = s.accounts.require(merge.merged_ids[0])
    step("Undone", f"{back.name} (id {back.id}) is an account of its own again, byte for byte; and merged once more")
    s.merges.merge(merge.survivor_id, merge.merged_ids, reason="demo")
    s.commit()


def clients(crm: Crm) -> int:
    """Show some accounts, and return one that was merged."""
    with crm.session(Actor.system("demo")) as s:
        total = s.search.count("account").value
        big = s.accounts.find(of_class("A"), sort="-c.consumo_annuo", page=SHOWN)
        spent = [Decimal(str(s.characteristics.get(account, "consumo_annuo"))) for account in big]
        merged = s.search.text("corti")[0].account.id
        print(f"\n  {'id':>5}  {'name':<30} {'phone':<15} {'kWh a year':>12}")
        for account, kwh in zip(big, spent, strict=True):
            print(f"  {account.id:>5}  {account.name:<30} {account.phone1 or '':<15} {kwh:>12,.2f}")
    print(f"  … {total} accounts in all; these are the greatest consumers")
    return merged


def of_class(letter: str) -> dict[str, object]:
    """Return the filter of those who consume so much."""
    return {"field": f"c.{CLASS}", "op": "eq", "value": letter}


def why(reasons: Sequence[Reason]) -> str:
    """Return the reasons of a pair as a person reads them."""
    return ", ".join(reason.text.text("en") for reason in reasons[:3])


def step(what: str, detail: str) -> None:
    """Print one line of the story."""
    print(f"{what:<12} {detail}")


@contextmanager
def progress(name: str) -> Iterator[Callable[[int], None]]:
    """Give a function that shows how many rows are done, on a terminal."""
    total = (DATA / name).read_bytes().count(b"\n") - 1

    def show(done: int) -> None:
        if sys.stdout.isatty():
            bar = "█" * (BAR * min(done, total) // total)
            print(f"\r{'Importing':<12} {name} {bar:<{BAR}} {min(done, total)}/{total} ", end="", flush=True)

    show(0)
    yield show
    if sys.stdout.isatty():
        print("\r" + " " * 100, end="\r")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "build/demo"))
