"""Commands under `crm quality duplicates`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import attrs
import click
from sqlalchemy import func, select

from crmcore import Actor, Crm, Session
from crmcore.cli import current_output, pass_crm
from crmcore_quality.matching.checking import check
from crmcore_quality.matching.keeping import keeper, rebuild, stale
from crmcore_quality.matching.merging import auto_groups, merge, merge_auto
from crmcore_quality.matching.model import MATCH_KEY, MatchModel
from crmcore_quality.matching.queue import PAGE, Pair, list_groups, list_pairs, reject
from crmcore_quality.matching.reasons import Reason
from crmcore_quality.matching.scanning import scan

_PAIRS: Final = ("one", "name", "other", "other_name", "band", "odds", "group", "reasons")
_BANDS: Final = ("auto", "review")
_user = click.option("--user", "login", metavar="LOGIN", help="Work as this user: only what that one sees exists.")


@click.group()
def duplicates() -> None:
    """Find accounts that are one and the same, look at them, and merge them or say that they are two."""


def _session(crm: Crm, login: str | None) -> Session:
    return crm.session(login if login is not None else Actor.system("cli"), source="cli")


def _say(italian: str, english: str, **values: object) -> None:
    current_output().say((italian if current_output().lang() == "it" else english).format(**values))


def _texts(reasons: Sequence[Reason]) -> list[str]:
    """Return what speaks for a pair and against it, as people read it."""
    lang = current_output().lang()
    return [each.text.text(lang) if each.conflict else f"{each.text.text(lang)} ({each.weight:+.1f})" for each in reasons]


def _rebuild(session: Session) -> int:
    """Make the keys anew, and commit each few thousand: others want to write as well."""
    last = 0
    for last in rebuild(session):  # noqa: B007 - the last one is told
        session.commit()
    session.commit()
    return last


@duplicates.command("find")
@click.option("--merge", "merging", is_flag=True, help="Merge what is sure at once.")
@click.option("--rule", default=None, metavar="RULE", help="Whose fields survive a merge, such as `newest`.")
@pass_crm
def find(crm: Crm, *, merging: bool, rule: str | None) -> None:
    """Scan all accounts, and write the queue anew."""
    with _session(crm, None) as session:
        if stale(session):
            _rebuild(session)
        found = scan(session)
        session.commit()
        merged = len(merge_auto(session, rule=rule)) if merging else 0
        session.commit()
    rows = [(name, value) for name, value in attrs.asdict(found).items() if name != "capped"]
    rows += [("merged", merged), *((f"capped {kind}", count) for kind, count in sorted(found.capped.items()))]
    current_output().rows(("what", "count"), rows, empty="")


@duplicates.command("list")
@click.option("--band", type=click.Choice(_BANDS), help="Only pairs of this band.")
@click.option("--groups", "by_group", is_flag=True, help="Groups rather than pairs.")
@click.option("--limit", type=click.IntRange(1, 1000), default=PAGE, show_default=True, help="How many.")
@_user
@pass_crm
def list_all(crm: Crm, *, band: str | None, by_group: bool, limit: int, login: str | None) -> None:
    """List what the last scan found and nobody has answered, the surest first."""
    empty = "Nessun doppione." if current_output().lang() == "it" else "No duplicates."
    with _session(crm, login) as session:
        if by_group:
            groups = list_groups(session, limit=limit)
            rows: list[tuple[Any, ...]] = [
                (group.number, ", ".join(map(str, group.accounts)), "; ".join(_edge(pair) for pair in group.pairs)) for group in groups
            ]
            current_output().rows(("group", "accounts", "reasons"), rows, empty=empty)
            return
        rows = [_row(pair) for pair in list_pairs(session, band=band, limit=limit)]
    current_output().rows(_PAIRS, rows, empty=empty)


def _edge(pair: Pair) -> str:
    lang = current_output().lang()
    return f"{pair.one}+{pair.other}: {', '.join(each.text.text(lang) for each in pair.reasons if each.weight > 0)}"


def _row(pair: Pair) -> tuple[Any, ...]:
    reasons = ", ".join(_texts(pair.reasons))
    return (pair.one, pair.one_name, pair.other, pair.other_name, pair.band, pair.odds, pair.group, reasons)


@duplicates.command("show")
@click.argument("account", type=int)
@_user
@pass_crm
def show(crm: Crm, *, account: int, login: str | None) -> None:
    """Show what an account may be one with, and why."""
    empty = "Nessun doppione." if current_output().lang() == "it" else "No duplicates."
    with _session(crm, login) as session:
        pairs = list_pairs(session, account=account, limit=PAGE)
    rows = []
    for pair in pairs:
        other, name = (pair.other, pair.other_name) if pair.one == account else (pair.one, pair.one_name)
        rows += [(other, name, pair.odds, each) for each in _texts(pair.reasons)]
    current_output().rows(("account", "name", "odds", "reason"), rows, empty=empty)


@duplicates.command("check")
@click.argument("name")
@click.option("--phone", "phones", multiple=True, metavar="NUMBER", help="A phone; may be given several times.")
@click.option("--email", "emails", multiple=True, metavar="ADDRESS", help="An e-mail; may be given several times.")
@click.option("--vat-code", default="", metavar="CODE", help="VAT code.")
@click.option("--fiscal-code", default="", metavar="CODE", help="Fiscal code.")
@click.option("--street", default="", metavar="STREET", help="Street, without the number.")
@click.option("--municipality", default="", metavar="TOWN", help="Town.")
@_user
@pass_crm
def check_draft(crm: Crm, /, *, login: str | None, **draft: str | tuple[str, ...]) -> None:
    """Show who is there already before an account called NAME is made: the likeliest five, and why."""
    with _session(crm, login) as session:
        found = check(session, {key: list(value) if isinstance(value, tuple) else value for key, value in draft.items()})
    rows = [(each.account_id, each.name, "sure" if each.sure else "review", round(each.odds, 3), _texts(each.reasons)) for each in found]
    empty = "Nessuno che gli somigli." if current_output().lang() == "it" else "Nobody who resembles it."
    current_output().rows(("account", "name", "band", "odds", "reasons"), rows, empty=empty)


@duplicates.command("reject")
@click.argument("one", type=int)
@click.argument("other", type=int)
@click.option("--notes", default=None, metavar="TEXT", help="Why they are two.")
@_user
@pass_crm
def reject_pair(crm: Crm, *, one: int, other: int, notes: str | None, login: str | None) -> None:
    """Say for ever that two accounts are two."""
    with _session(crm, login) as session:
        reject(session, one, other, notes)
        session.commit()
    _say("Le anagrafiche {one} e {other} restano due.", "Accounts {one} and {other} stay two.", one=one, other=other)


@duplicates.command("merge")
@click.argument("survivor", type=int, required=False)
@click.argument("others", type=int, nargs=-1)
@click.option("--auto", "automatic", is_flag=True, help="Merge everything that the last scan is sure of.")
@click.option("--rule", default=None, metavar="RULE", help="Whose fields survive, such as `newest`.")
@click.option("--dry-run", is_flag=True, help="With --auto: show what would be merged.")
@_user
@pass_crm
def merge_accounts(
    crm: Crm, *, survivor: int | None, others: tuple[int, ...], automatic: bool, rule: str | None, dry_run: bool, login: str | None
) -> None:
    """Merge accounts into the first one, or with --auto all that the last scan is sure of."""
    if automatic == (survivor is not None) or (survivor is not None and not others):
        message = "give a survivor and the others, or --auto"
        raise click.UsageError(message)
    with _session(crm, login) as session:
        groups = auto_groups(session) if survivor is None else [[survivor, *others]]
        if not dry_run:
            for group in groups:
                merge(session, group[0], group[1:], rule=rule)
            session.commit()
    rows = [(group[0], ", ".join(map(str, group[1:]))) for group in groups]
    empty = "Niente da unire." if current_output().lang() == "it" else "Nothing to merge."
    current_output().rows(("survivor", "merged"), rows, empty=empty)


@duplicates.command("keys")
@pass_crm
def keys(crm: Crm) -> None:
    """Show the kinds of match keys: how many are stored, whether they are up to date, and how many keys too many accounts share."""
    with _session(crm, None) as session:
        kept = keeper(session)
        outdated = stale(session)
        counted = session.execute(select(MATCH_KEY.c.kind, func.count()).group_by(MATCH_KEY.c.kind))
        counts = {row[0]: row[1] for row in counted}
        capped = session.scalar(select(MatchModel.capped).order_by(MatchModel.id.desc()).limit(1)) or {}
        session.rollback()
    rows = [
        (
            rule.kind,
            counts.get(kept.numbers[rule.kind], 0),
            rule.cap,
            capped.get(rule.kind, 0),
            "no" if rule.kind in outdated.outdated else "yes",
        )
        for rule in kept.schema.keys
    ]
    current_output().rows(("kind", "keys", "cap", "capped", "current"), rows, empty="")


@duplicates.command("rebuild")
@click.option("--stale", "only_stale", is_flag=True, help="Only if the rule of some kind has changed.")
@pass_crm
def rebuild_keys(crm: Crm, *, only_stale: bool) -> None:
    """Make all match keys anew, some thousand accounts at a time."""
    with _session(crm, None) as session:
        if only_stale and not stale(session):
            _say("Le chiavi sono aggiornate.", "The keys are up to date.")
            return
        last = _rebuild(session)
    _say("Chiavi rifatte fino all'anagrafica {last}.", "Keys made anew up to account {last}.", last=last)
