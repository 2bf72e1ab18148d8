"""`crm accounts`: list, show, find and create accounts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import click

from crmcore.cli.context import CliState, pass_state
from crmcore.cli.groups import SectionedGroup

if TYPE_CHECKING:
    from crmcore.accounts import Card
    from crmcore.model import Account, Site
    from crmcore.session import Session

_ACTOR = "cli"
_AS = click.option("--as", "login", metavar="LOGIN", help="See what this user sees, instead of everything.")
_LIST = ("id", "name", "phone", "vat_code", "state", "responsible")
_FIELDS = ("phone1", "email", "pec", "recipient_code", "vat_code", "fiscal_code", "ateco", "web", "state", "owner", "notes")
_NAMES = {"phone1": "phone", "owner": "responsible"}


@click.group(cls=SectionedGroup, short_help="List, show, find and create accounts.")
def accounts() -> None:
    """List the accounts of the registry, show one with all that belongs to it, find those with a word in them."""


@accounts.command("list", short_help="List accounts.")
@click.option(
    "--where",
    "conditions",
    multiple=True,
    metavar="CONDITION",
    help="field=value, field>=value, field~text, c.characteristic=value, or a filter as JSON; several must all hold.",
)
@click.option("--saved", metavar="NAME", help="What a saved search finds.")
@click.option("--sort", default="name", show_default=True, metavar="FIELD", help="Field to sort by; with - before it, the greatest first.")
@click.option("--limit", type=click.IntRange(1, 500), default=20, show_default=True, help="How many.")
@click.option("--after", metavar="CURSOR", help="Go on where the page before ended.")
@_AS
@pass_state
def list_accounts(
    state: CliState, *, conditions: Sequence[str], saved: str | None, sort: str, limit: int, after: str | None, login: str | None
) -> None:
    """List accounts, a page at a time."""
    from crmcore.cli.conditions import read_conditions  # noqa: PLC0415 - only needed once a command runs
    from crmcore.model import Account  # noqa: PLC0415 - as above

    if saved is not None and conditions:
        message = "give --where or --saved, not both"
        raise click.UsageError(message)
    with _session(state, login) as session:
        if saved is not None:
            page = session.search.run(saved, page=limit, after=after, count="bounded")
        else:
            wanted = read_conditions(session, Account, conditions)
            page = session.accounts.find(wanted, sort=sort, page=limit, after=after, count="bounded")
        rows = [_line(session.shown(account)) for account in page]
    _print(state, rows, _LIST)
    for warning in page.warnings:
        state.output.note(warning.text(state.lang))
    if page.items and page.count is not None:
        state.output.say(f"\n{state.text('accounts.shown', shown=len(page), total=page.count.text(state.lang))}")
    if page.next:
        state.output.note(state.text("accounts.next", cursor=page.next))


@accounts.command(short_help="Find accounts by words.")
@click.argument("words", nargs=-1, required=True)
@click.option("--limit", type=click.IntRange(1, 200), default=20, show_default=True, help="How many.")
@_AS
@pass_state
def find(state: CliState, *, words: tuple[str, ...], limit: int, login: str | None) -> None:
    """Find the accounts in which all WORDS are, the best first: in names, people, numbers, addresses of e-mail, codes and notes.

    The beginning of a word will do, and so will any four digits in a row of a number.
    """
    with _session(state, login) as session:
        hits = session.search.text(" ".join(words), limit=limit)
        rows = [(*_line(session.shown(hit.account)), round(hit.score, 2)) for hit in hits]
    _print(state, rows, (*_LIST, "score"))


@accounts.command(short_help="Show one account.")
@click.argument("key")
@_AS
@pass_state
def show(state: CliState, *, key: str, login: str | None) -> None:
    """Show an account with all that belongs to it. KEY is its id, its uid, or its key in another system as SOURCE:KEY."""
    with _session(state, login) as session:
        account = session.accounts.require(_key(key))
        card = session.accounts.card(account, state.lang).shown(session)
        problems = [problem.text(state.lang) for problem in session.accounts.warnings(account)]
    if state.as_json:
        state.output.json(_as_json(card, problems))
        return
    _show(state, card, key)
    if problems:
        state.output.heading(state.text("accounts.warnings"))
        for problem in problems:
            state.output.say(f"  {problem}")


@accounts.command(short_help="Create an account.")
@click.argument("name")
@click.option("--phone", required=True, help="Its first phone number.")
@click.option("--portfolio", required=True, metavar="CODE", help="Its portfolio in the first business unit.")
@click.option("--vat", "vat_code", metavar="CODE", help="Its VAT code.")
@click.option("--email", help="Its address of e-mail.")
@_AS
@pass_state
def create(state: CliState, *, name: str, phone: str, portfolio: str, vat_code: str | None, email: str | None, login: str | None) -> None:
    """Create the account NAME, with what every account has; lists are imported, with the plugin quality."""
    with _session(state, login) as session:
        made = session.accounts.create(name=name, phone1=phone, portfolio=portfolio, vat_code=vat_code, email=email)
        session.commit()
        row = _line(session.shown(made))
    _print(state, [row], _LIST)


def _session(state: CliState, login: str | None) -> Session:
    from crmcore.session import Actor  # noqa: PLC0415 - only needed once a command runs

    actor = Actor.system(_ACTOR) if login is None else Actor.user(login)
    return state.crm().session(actor, source="cli")


def _key(text: str) -> Any:  # noqa: ANN401 - whatever `accounts.require` takes
    from crmcore.accounts import KeyRef  # noqa: PLC0415 - only needed once a command runs

    if text.isdecimal():
        return int(text)
    source, colon, key = text.partition(":")
    return KeyRef(source, key) if colon else text


def _line(account: Account) -> tuple[object, ...]:
    return (account.id, account.name, account.phone1, account.vat_code, account.state, account.owner)


def _print(state: CliState, rows: Sequence[tuple[object, ...]], names: Sequence[str]) -> None:
    columns = tuple(names) if state.as_json else tuple(state.text(f"col.{name}") for name in names)
    state.output.rows(columns, rows, empty=state.text("accounts.none"))


def _show(state: CliState, card: Card, asked: str) -> None:
    account, out = card.account, state.output
    out.heading(state.text("accounts.head", name=account.name, id=account.id))
    if asked.isdecimal() and int(asked) != account.id:
        out.say(state.text("accounts.merged", asked=asked))
    fields = [(_NAMES.get(name, name), getattr(account, name)) for name in _FIELDS]
    fields += [
        ("roles", card.roles),
        ("portfolios", [f"{number}: {code}" for number, code in card.portfolios.items()]),
        ("seller", card.seller and f"{card.seller} ({card.seller_code})"),
        ("keys", [f"{key.source}:{key.key}" for key in card.keys]),
    ]
    _pairs(state, [(state.text(f"col.{name}"), _text(value)) for name, value in fields if value])
    _part(state, "points", ("kind", "value", "label"), [(each.kind, each.value, each.label) for each in card.contact_points])
    _part(state, "sites", ("kind", "address", "phone"), [(site.kind, _address(site), site.phone) for site in card.sites])
    _part(state, "people", ("name", "role"), [(f"{each.first_name} {each.last_name}".strip(), each.job_role) for each in card.people])
    _part(state, "characteristics", ("field", "value"), [(each.label, each.text) for each in card.characteristics])
    _part(state, "relations", ("kind", "name"), [(each.label, each.person or each.account) for each in card.relations])
    zone = state.crm().zone
    entries = [(f"{each.at.astimezone(zone):%Y-%m-%d %H:%M}", each.label, each.author, each.subject or each.text) for each in card.latest]
    _part(state, "latest", ("at", "kind", "author", "text"), entries)


def _part(state: CliState, title: str, columns: Sequence[str], rows: Sequence[tuple[object, ...]]) -> None:
    if rows:
        state.output.heading(state.text(f"accounts.{title}"))
        state.output.table(tuple(state.text(f"col.{name}") for name in columns), rows)


def _pairs(state: CliState, pairs: Iterable[tuple[str, str]]) -> None:
    found = list(pairs)
    width = max((len(name) for name, _ in found), default=0)
    for name, text in found:
        state.output.say(f"  {name:<{width}}  {text}")


def _text(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _address(site: Site) -> str:
    from crmcore.accounts import address_text  # noqa: PLC0415 - only needed once a command runs

    return address_text(site) or site.raw


def _as_json(card: Card, problems: Sequence[str]) -> dict[str, Any]:
    account = card.account
    return {
        "id": account.id,
        "uid": account.uid,
        "name": account.name,
        "kind": account.kind,
        **{name: getattr(account, name) for name in _FIELDS},
        "roles": card.roles,
        "portfolios": {str(number): code for number, code in card.portfolios.items()},
        "seller": card.seller_code,
        "keys": [{"source": key.source, "company": key.company, "stream": key.stream, "key": key.key} for key in card.keys],
        "contact_points": [
            {"kind": each.kind, "value": each.value, "label": each.label, "person_id": each.person_id} for each in card.contact_points
        ],
        "sites": [
            {"id": site.id, "kind": site.kind, "address": _address(site), "unverified": site.address_unverified} for site in card.sites
        ],
        "people": [
            {"id": each.id, "last_name": each.last_name, "first_name": each.first_name, "role": each.job_role} for each in card.people
        ],
        "characteristics": {each.key: account.characteristics[each.key] for each in card.characteristics},
        "relations": [{"label": each.label, "account_id": each.account_id, "person_id": each.person_id} for each in card.relations],
        "latest": [{"at": each.at, "kind": each.kind, "author": each.author, "subject": each.subject} for each in card.latest],
        "warnings": problems,
    }
