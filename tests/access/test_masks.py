"""What a profile hides comes out by no way: canaries in every field that is hidden, and every way out that a user has (A05)."""

from __future__ import annotations

from datetime import date

import click
import pytest
from click.testing import CliRunner
from crmcore_agenda.model import Action
from crmcore_agenda.templates import Templates
from crmcore_offers.archive import Documents
from crmcore_offers.model import Document
from crmcore_offers.printing.prints import Prints
from crmcore_offers.printing.sheets import sheet_of
from crmcore_offers.printing.values import values_of
from crmcore_quality.matching import check, list_pairs
from sqlalchemy import func, literal_column, select, text, union_all
from sqlalchemy.orm import aliased

from crmcore import Account
from crmcore.cli import crm as root
from crmcore.cli.context import CliState
from crmcore.deployment import write_new
from crmcore.errors import CrmError
from crmcore.model import ContactPoint, Interaction, Person

from .masked import MAIL, MARKS, PHONE, PLUGINS, VAT, settle, tells, text_of

pytestmark = pytest.mark.feature("A05", "I-27", "S06")

TEXTS = MARKS[:2]
FOUND = "zq9w: somebody was found by what is hidden"


def found(hits):
    """Return a canary when a search by something hidden has found somebody: that tells as much as the value."""
    return FOUND if hits else ""


def account(s, w):
    return s.require(Account, w.account)


def finding(s, asked):
    return (
        found(s.search.text(asked))
        + found(s.search.find("account", {"text": asked}).items)
        + found(s.search.count("account", {"text": asked}).value)
    )


def started(s, w):
    done = Templates(s).start("SCRIPT", account(s, w), date(2026, 5, 11), contact=s.require(Person, w.person))
    return [(each.title, each.text) for each in done.actions]


def document(s, w):
    return s.require(Document, w.document)


def undone(s, w):
    return s.merges.undo(w.merge).questions


def made(s, w):
    s.accounts.create(name="Nuova", phone1=PHONE, email=MAIL, portfolio="GENERICO")
    s.rehearse()
    # What is refused or warned of is what the user wrote, and whom it is about is not told.
    return ""


def by_saved(s, w):
    s.search.save("miei", {"field": "notes", "op": "contains", "value": "zq9w"}, columns=["name", "notes"])
    s.flush()
    return s.search.run("miei")


WAYS = {
    "records": lambda s, w: [s.shown(each) for each in (account(s, w), s.require(Person, w.person), document(s, w))],
    "records behind them": lambda s, w: [s.shown(each).account for each in s.scalars(select(Interaction).order_by(Interaction.id))],
    "rows of children": lambda s, w: [s.shown(each) for each in s.scalars(select(ContactPoint))],
    "card": lambda s, w: s.accounts.card(account(s, w)).shown(s),
    "values of a card": lambda s, w: [(c.characteristics, c.relations, c.latest) for c in [s.accounts.card(account(s, w))]],
    "timeline": lambda s, w: s.interactions.timeline(account(s, w)),
    "relations": lambda s, w: s.accounts.relations(account(s, w)),
    "warnings": lambda s, w: s.accounts.warnings(account(s, w)),
    "may contact": lambda s, w: s.accounts.may_contact(account(s, w), "invoices", "phone"),
    "values of characteristics": lambda s, w: s.characteristics.values(account(s, w)),
    "one characteristic": lambda s, w: s.characteristics.get(account(s, w), "hobby"),
    "history of characteristics": lambda s, w: [(each.old, each.new) for each in s.characteristics.history(account(s, w))],
    "text by a note": lambda s, w: finding(s, "zq9wnotes"),
    "text by the start of a note": lambda s, w: finding(s, "Bellini zq9wn"),
    "text by phone": lambda s, w: finding(s, PHONE),
    "text by e-mail": lambda s, w: finding(s, MAIL),
    "text by VAT code": lambda s, w: finding(s, VAT),
    "text by a person": lambda s, w: finding(s, "zq9wfirst gatti"),
    "text by an address": lambda s, w: finding(s, "zq9wpoint@example.com"),
    "list by a note": lambda s, w: found(s.accounts.find({"field": "notes", "op": "contains", "value": "zq9w"}).items),
    "list by a person": lambda s, w: found(s.accounts.find({"field": "person.first_name", "op": "eq", "value": "Zq9wfirst"}).items),
    "list by a characteristic": lambda s, w: found(s.accounts.find({"field": "c.hobby", "op": "starts", "value": "zq9w"}).items),
    "saved search": by_saved,
    "merge preview": lambda s, w: s.merges.preview(w.account, [w.other]),
    "merge": lambda s, w: s.merges.merge(w.account, [w.other]),
    "merge history": lambda s, w: s.merges.recent(),
    "merge questions": undone,
    "mass change": lambda s, w: s.characteristics.preview([w.account], "hobby", "altro"),
    "audit": lambda s, w: s.audit.list(entity="account", id=w.account),
    "audit entry": lambda s, w: [s.audit.get(each.id) for each in s.audit.list(entity="account", id=w.account)],
    "audit export": lambda s, w: [*s.audit.export(entity="account"), *s.audit.export("csv", entity="interaction")],
    "export of a person": lambda s, w: s.privacy.export_subject(account(s, w)),
    "explanation": lambda s, w: s.access.explain("plain", "account", w.account).text(),
    "duplicates by phone": lambda s, w: found(check(s, {"name": "Xyz", "phones": [PHONE]})),
    "duplicates by VAT code": lambda s, w: found(check(s, {"name": "Xyz", "vat_code": VAT})),
    "reasons of duplicates": lambda s, w: [
        found([reason for pair in list_pairs(s) for reason in pair.reasons if reason.field in {"phones", "emails", "vat_code"}])
    ],
    "duplicates at insert": made,
    "script of an action": started,
    "actions": lambda s, w: [s.shown(each) for each in s.scalars(select(Action))],
    "content of an offer": lambda s, w: Documents(s).content(document(s, w)),
    "revision of an offer": lambda s, w: Documents(s).content(document(s, w), 0),
    "differences of revisions": lambda s, w: Documents(s).differences(document(s, w), 0),
    "values of a print": lambda s, w: values_of(s, sheet_of(s, document(s, w))),
    "values of a revision's print": lambda s, w: values_of(s, sheet_of(s, document(s, w), 0)),
    "printed text": lambda s, w: Prints(s).text(document(s, w), "LETTERA"),
    "a column": lambda s, w: s.execute(select(Account.notes)).all(),
    "an alias": lambda s, w: s.execute(select(aliased(Account).notes)).all(),
    "a table": lambda s, w: s.execute(select(Account.__table__)).all(),
    "a subquery": lambda s, w: s.execute(select(select(Account).subquery().c.notes)).all(),
    "a whole subquery": lambda s, w: s.execute(select(select(Account.__table__).subquery())).all(),
    "a CTE": lambda s, w: s.execute(select(select(Account.notes.label("x")).cte().c.x)).all(),
    "a union": lambda s, w: s.execute(union_all(select(Account), select(Account))).all(),
    "an expression": lambda s, w: s.execute(select(func.lower(Account.notes).label("x"))).all(),
    "an aggregate": lambda s, w: s.execute(select(func.max(Account.notes))).all(),
    "a condition": lambda s, w: found(s.execute(select(Account.id).where(Account.notes.like("zq9w%"))).all()),
    "an order": lambda s, w: found(s.execute(select(Account.id).order_by(Account.notes)).all()),
    "a join": lambda s, w: found(s.execute(select(Account.id).join(Person, Person.first_name == "Zq9wfirst")).all()),
    "a characteristic of one's own": lambda s, w: s.execute(select(Account.characteristics)).all(),
    "SQL": lambda s, w: s.execute(text("SELECT notes FROM account")).all(),
    "rows in SQL": lambda s, w: s.execute(text("SELECT * FROM account")).all(),
    "a bit of SQL": lambda s, w: s.execute(select(literal_column("notes")).select_from(Account)).all(),
}
"""What users may do through the API, and the platform answers."""
WHOLE = {"records", "records behind them", "rows of children", "card", "actions"}
"""What is handed on as what is shown: here a record that is still there as such would be a leak."""
SILENT = {"duplicates at insert", "explanation"}
"""What has no canary for anybody: that it works, or is refused, is all there is to see."""
REFUSED = {
    "one characteristic": "CHARACTERISTIC_UNKNOWN",
    "list by a note": "QUERY_FIELD",
    "list by a person": "QUERY_FIELD",
    "list by a characteristic": "QUERY_FIELD",
    "saved search": "QUERY_FIELD",
    "mass change": "CHARACTERISTIC_UNKNOWN",
    "duplicates at insert": "FIELD_NOT_GRANTED",
    "export of a person": "FIELD_HIDDEN",
    "explanation": "FIELD_HIDDEN",
    **dict.fromkeys([name for name in WAYS if name.startswith(("a ", "an "))], "FIELD_HIDDEN"),
    **dict.fromkeys(["SQL", "rows in SQL"], "FIELD_HIDDEN"),
}
"""What is not answered, with why; everything else goes on working, without the field."""

WITHOUT_AMOUNTS = {
    "content of an offer": None,
    "revision of an offer": None,
    "differences of revisions": None,
    "values of a print": "FIELD_HIDDEN",
    "values of a revision's print": "FIELD_HIDDEN",
    "printed text": "FIELD_HIDDEN",
}
"""What becomes of documents for whom their amounts are hidden, too: a print is whole, or there is none."""

COMMANDS = {
    "accounts list": ["--limit", "10"],
    "accounts show": ["{account}"],
    "accounts find": ["bellini"],
    "accounts create": ["Nuova", "--phone", "+39 0424 979799", "--portfolio", "GENERICO"],
    "access explain": ["account", "{account}"],
    "agenda dashboard": [],
    "agenda planning": ["--on", "2026-05-12"],
    "offers list": [],
    "offers show": ["#{document}"],
    "offers print": ["{document}", "{folder}/out.txt", "--template", "LETTERA"],
    "offers exports": [],
    "offers export-orders": ["{folder}/orders.csv"],
    "offers create": ["T-OFF", "{account}", "--row", "CUC:1:0"],
    "offers convert": ["#{document}", "T-ORD"],
    "offers state": ["#{document}", "xyz"],
    "offers mass preview": ["document", "--set", "notes=x"],
    "offers mass confirm": ["xyz"],
    "offers mass undo": ["1"],
    "offers pipeline": [],
    "offers forecast": [],
    "offers conversion": [],
    "offers efficacy": [],
    "offers commissions": [],
    "quality duplicates list": [],
    "quality duplicates show": ["{account}"],
    "quality duplicates check": ["Xyz", "--phone", PHONE],
    "quality duplicates reject": ["{account}", "{other}"],
    "quality duplicates merge": ["{account}", "{other}"],
}
"""Every command that works as a user, with what it is given."""
TELLING = {"accounts list", "accounts show", "accounts find", "offers show", "offers list", "offers print", "offers pipeline"}
"""Commands that show a canary to whom nothing is hidden."""
ABOUT_USERS = {"access block", "access unblock", "user passwd", "session list", "token create", "token list", "agenda share"}
"""Commands of administrators about users: they work as the system."""


@pytest.fixture
def world(open_crm):
    return settle(open_crm(*PLUGINS))


def outcome(world, login, name, way):
    """Return what a way out shows a user, as text, and the code with which it was refused."""
    with world.crm.session(login) as s:
        try:
            return text_of(way(s, world), records=name in WHOLE), None
        except CrmError as error:
            codes = [error.code, *(each.code for each in error.problems)]
            return text_of(error), codes[-1]


def test_no_canary_comes_out_for_whom_it_is_hidden_and_all_do_for_others(world, tmp_path, monkeypatch):
    wrong = {}
    for name, way in WAYS.items():
        said, code = outcome(world, "plain", name, way)
        if code is not None or bool(tells(said)) == (name in SILENT):
            wrong[f"{name}, plain"] = code, said[:300]
        said, code = outcome(world, "masked", name, way)
        if code != REFUSED.get(name) or tells(said, TEXTS):
            wrong[f"{name}, masked"] = code, tells(said, TEXTS) or said[:300]
    for name, refused in WITHOUT_AMOUNTS.items():
        said, code = outcome(world, "poor", name, WAYS[name])
        if code != refused or tells(said):
            wrong[f"{name}, poor"] = code, tells(said) or said[:300]
    for name, wrongly in commands(world, tmp_path, monkeypatch):
        wrong[name] = wrongly
    assert wrong == {}


def commands(world, folder, monkeypatch):
    """Run every command that works as a user, and yield what is wrong with it."""
    monkeypatch.setattr(CliState, "crm", lambda _: world.crm)
    monkeypatch.setattr(CliState, "close", lambda _: None)
    out = folder / "out"
    out.mkdir()
    file = write_new(folder / "firm", database=str(world.crm.engine.url), plugins=PLUGINS)
    asking = {name: option for name, option in as_users(file.parent) if name not in ABOUT_USERS}
    assert set(asking) == set(COMMANDS)
    about = {"account": world.account, "other": world.other, "document": world.document, "folder": out}
    for name, option in asking.items():
        given = [each.format(**about) for each in COMMANDS[name]]
        for login in ("masked", *(("poor",) if name.startswith("offers") else ()), "plain"):
            mine = [login, *given] if option is None else [*given, option, login]
            for extra in ([], *([["--json"]] if name in TELLING else [])):
                result = CliRunner().invoke(root, ["-C", str(file.parent), *extra, *name.split(), *mine])
                said = result.output
                for each in out.iterdir():
                    said += each.read_text("utf-8")
                    each.unlink()
                if isinstance(result.exception, Exception) and not isinstance(result.exception, SystemExit):
                    yield f"{name} as {login}", repr(result.exception)
                if login == "plain":
                    if name in TELLING and not tells(said):
                        yield f"{name} as {login}", said[-300:]
                elif shown := tells(said, MARKS if login == "poor" else TEXTS):
                    yield f"{name} {extra} as {login}", shown


def as_users(folder):
    """Yield the name of every command with a login, and the option that takes it; None for an argument."""
    with root.make_context("crm", ["-C", str(folder), "doctor"]) as context:
        yield from _logins(root, context, ())


def _logins(command, context, path):
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            yield from _logins(below, click.Context(below, info_name=name, parent=context), (*path, name))
        return
    for each in command.params:
        if each.name == "login":
            yield " ".join(path), None if isinstance(each, click.Argument) else each.opts[0]
