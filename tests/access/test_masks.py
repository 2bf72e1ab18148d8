"""What a profile hides comes out by no way: canaries in every field that is hidden, and every way out that a user has (A05)."""

from __future__ import annotations

from datetime import date
from functools import cached_property
from pathlib import Path

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
from sqlalchemy import column as plain_column
from sqlalchemy import exists, func, literal_column, select, text, union_all
from sqlalchemy import table as plain_table
from sqlalchemy.orm import Bundle, aliased, selectinload

from crmcore import Account, Actor
from crmcore.cli import crm as root
from crmcore.cli.context import CliState
from crmcore.deployment import write_new
from crmcore.errors import AccessDenied, CrmError, UsageError, ValidationFailed
from crmcore.model import ChangeSetItem, ContactPoint, Interaction, Person, Profile, Salesperson, User, VisibilityKind
from crmcore.session.apis import Apis

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


def privately(s, w):
    account(s, w).private = True
    with pytest.raises(ValidationFailed) as refused:
        s.commit()
    return refused.value


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
    "change of type": lambda s, w: s.characteristics.plan_type_change("hobby", "integer"),
    "making it private": privately,
    "items of a mass change": lambda s, w: [
        s.changesets.result(w.changes),
        s.search.values("change_set_item", ["field", "outcome"]).items,
        *(s.shown(each).old or s.shown(each).new for each in s.scalars(select(ChangeSetItem))),
    ],
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
    "a row in a bit of SQL": lambda s, w: s.execute(select(text("account.*")).select_from(Account.__table__)).all(),
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
    "change of type": "CHARACTERISTIC_UNKNOWN",
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


ANSWER_OTHERWISE = {
    "consents": "with what was agreed to, by codes",
    "lookups": "with configuration",
    "monitoring": "with numbers of changes",
    "portfolios": "with configuration",
    "signin": "with users and devices",
    "states": "with states: see the test of every column",
    "territory": "with zones and salespersons",
}
"""Parts of the API that hand no fields of records on."""


def test_every_part_of_the_api_is_driven_or_hands_no_fields_on():
    offered = {name for name, each in vars(Apis).items() if isinstance(each, cached_property)}
    here = Path(__file__).read_text("utf-8")
    assert offered - ANSWER_OTHERWISE.keys() == {name for name in offered - ANSWER_OTHERWISE.keys() if f"s.{name}." in here}
    assert offered > ANSWER_OTHERWISE.keys()


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
    wrong |= dict(commands(world, tmp_path, monkeypatch))
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
    if world.crm.engine.dialect.name == "postgresql":
        # Commands are what the API says, printed: those that print the most will do.
        asking = {name: asking[name] for name in sorted(TELLING)}
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


def hidable(cls):
    return [column.key for column in cls.__table__.columns if column.key not in {"id", "version"}]


SHAPES = (
    lambda cls, column: select(column),
    lambda cls, column: select(cls.id).where(column.is_(None)),
    lambda cls, column: select(cls.id).order_by(column),
    lambda cls, column: select(func.count()).select_from(cls).group_by(column),
    lambda cls, column: select(getattr(aliased(cls), column.key)),
    lambda cls, column: select(cls).where(cls.id.in_(select(cls.id).where(column.is_not(None)))),
    lambda cls, column: select(Bundle("bundle", cls.id, column)),
    lambda cls, column: select(plain_table(cls.__tablename__, plain_column(column.key)).c[column.key]),
    lambda cls, column: text(f"SELECT count({column.key}) FROM somewhere"),
)
"""Ways to ask for a column, or to learn about it."""


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_every_column_of_every_entity_can_be_hidden_from_every_shape_of_query(organisation):
    crm, rows = organisation
    classes = [cls for cls in rows["a1"] if cls.__visibility__.kind is not VisibilityKind.SYSTEM and cls not in {User, Salesperson}]
    with crm.session(Actor.system("setup")) as s:
        masks = {cls.entity_name(): {"hidden": hidable(cls)} for cls in classes}
        s.search.find("profile", {"field": "code", "op": "eq", "value": "AGENTE"}).items[0].masks = masks
        s.commit()
    with crm.session("a1") as s:
        for cls in classes:
            key = rows["a1"][cls]
            shown, columns = s.shown(s.require(cls, key)), [getattr(cls, name) for name in hidable(cls)]
            assert not any(getattr(shown, column.key) for column in columns), cls
            told = s.execute(select(cls.id, *s.shown_columns(*columns)).where(cls.id == key)).one()
            assert (told[0], any(told[1:])) == (key, False), cls
            assert (key,) in s.search.values(cls.entity_name(), ["id"], page=1000).items
            assert refusal(s, select(cls.__table__)) is not None, cls
            for column in columns:
                expected = {("FIELD_HIDDEN", cls.entity_name(), column.key)}
                assert {refusal(s, shape(cls, column)) for shape in SHAPES[:-1]} == expected, (cls, column)
                assert refusal(s, SHAPES[-1](cls, column)) is not None
                with pytest.raises(UsageError, match="QUERY_INVALID"):
                    s.search.values(cls.entity_name(), [column.key])
        with pytest.raises(AccessDenied, match="FIELD_HIDDEN: field 'state'"):
            s.states.history(s.require(Account, rows["a1"][Account]))
    with crm.session("admin") as s:
        assert s.states.history(s.require(Account, rows["a1"][Account])) == []
        assert {refusal(s, shape(Account, Account.notes)) for shape in SHAPES[:-1]} == {None}


HARMLESS = (
    lambda: select(func.count()).select_from(Account),
    lambda: select(func.count("*")).select_from(Account),
    lambda: select(func.count(Account.id.distinct())),
    lambda: select(Account, Account.name),
    lambda: select(aliased(Account)),
    lambda: select(Account.id).where(exists().where(Person.account_id == Account.id)),
    lambda: select(Account.id).where(select(Person.id).where(Person.account_id == Account.id).exists()),
    lambda: select(select(Account).subquery().c.name),
    lambda: select(Account).join(Person, Person.account_id == Account.id).order_by(Account.name),
    lambda: select(literal_column("1")).select_from(Account),
    lambda: select(Interaction).options(selectinload(Interaction.account)),
    lambda: text("SELECT * FROM portfolio"),
)
"""Queries that tell of nothing that is hidden, however near they come."""


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_queries_that_tell_of_nothing_hidden_are_answered(agents):
    with agents.session("masked") as s:
        assert [refusal(s, make()) for make in HARMLESS] == [None] * len(HARMLESS)


def refusal(s, statement):
    """Return the code, entity and field with which a query is refused, or None when it is answered."""
    try:
        s.execute(statement).all()
    except AccessDenied as error:
        return error.code, error.params["entity"], error.params["field"]
    return None


@pytest.fixture
def agents(open_crm):
    """Nine accounts that are called Rossi, or have it in a note, or both; and who may see what."""
    crm = open_crm()
    with crm.session(Actor.system("setup")) as s:
        for code, mask in (("PIENO", {}), ("SENZA", {"account": {"hidden": ["notes", "c.hobby"]}})):
            s.add(Profile(code=code, label_it=code, functions=["*"], scopes=[{"kind": "all"}], masks=mask))
        s.flush()
        profiles = {each.code: each.id for each in s.search.find("profile")}
        s.add(User(login="admin"))
        s.add(User(login="plain", profile_id=profiles["PIENO"]))
        s.add(User(login="masked", profile_id=profiles["SENZA"]))
        for number in range(9):
            name = f"Rossi {number}" if number % 3 else f"Verdi {number}"
            s.add(Account(name=name, phone1="0424 000001", notes="rossi" if number % 2 else "altro"))
        s.commit()
    return crm


def test_text_is_searched_without_what_is_hidden_and_pages_and_counts_stay_exact(agents, monkeypatch):
    monkeypatch.setattr("crmcore.query.masked.CHUNK", 3)
    node = {"and": [{"text": "ross"}, {"field": "name", "op": "ne", "value": "Rossi 1"}]}
    expected = {"masked": [2, 4, 5, 7, 8], "plain": [2, 3, 4, 5, 7, 8]}
    for login, numbers in expected.items():
        with agents.session(login) as s:
            names, after = [], None
            while after is not None or not names:
                page = s.search.find("account", node, sort="name", page=2, after=after, count="exact")
                assert page.count.value == len(numbers)
                names, after = names + [each.name for each in page], page.next
            assert sorted(int(name[-1]) for name in names) == numbers
            hits = s.search.text("rossi", limit=200)
            assert {int(hit.account.name[-1]) for hit in hits} == {*numbers, 1}
            assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
            assert len(s.search.text("rossi", limit=2)) == 2
            assert s.search.ids("account", {"not": {"text": "0424"}}) == []
    with agents.session("masked") as s:
        # Neither whether it is found nor where it stands depends on what is hidden.
        assert len({hit.score for hit in s.search.text("rossi")}) == 1


def test_what_is_shown_reads_like_the_record_and_is_not_written_to(agents):
    with agents.session("masked") as s:
        record = s.search.find("account", {"field": "name", "op": "eq", "value": "Rossi 1"}).items[0]
        shown = s.shown(record)
        assert (shown.name, shown.notes, record.notes, repr(shown)) == ("Rossi 1", None, "rossi", repr(record))
        assert (shown.entity_name(), shown.id, dict(shown.characteristics)) == ("account", record.id, {})
        with pytest.raises(AttributeError, match="set on the record"):
            shown.name = "Bianchi"
        assert (s.hidden(Account), s.hidden("person")) == ({"notes", "c.hobby"}, frozenset())
        assert s.without_hidden(Account, {"notes": "x", "name": "y", "characteristics": {"hobby": 1, "sector": 2}}) == {
            "name": "y",
            "characteristics": {"sector": 2},
        }
        with pytest.raises(TypeError, match="one by one"):
            s.shown_columns(Account.characteristics)
        record.notes = "scritto lo stesso"
        with pytest.raises(ValidationFailed, match="FIELD_NOT_GRANTED"):
            s.commit()
    with agents.session("plain") as s:
        assert s.shown(s.get(Account, 1)) is s.get(Account, 1)


def test_what_rules_derive_from_a_hidden_field_is_the_same_whoever_saves(agents):
    told = []
    with agents.session("masked") as s:
        record = s.get(Account, 2)
        record.name = "Rossi 1 bis"
        s.unit.finishers.append(
            lambda _: told.append((s.hidden(Account), s.execute(select(Account.notes).where(Account.id == 2)).scalar()))
        )
        s.commit()
        assert s.get(Account, 2).notes == "rossi"
    assert told == [(frozenset(), "rossi")]
