"""Kinds of mass changes that plugins declare, and what their validation looks at."""

from __future__ import annotations

import attrs
import pytest
from sqlalchemy import event, select

from crmcore import Account, LookAt, Normaliser, Problem, Transition, TransitionMode
from crmcore.changesets import ColumnWriter, Kind, Planned
from crmcore.errors import ErrorCode, StartError, UsageError, ValidationFailed
from crmcore.model import AUDIT, ChangeSetItem, Site, StateChange
from crmcore.registry import load
from crmcore.states.seed import CUSTOMERS
from crmcore.testing.plugins import make_plugin

pytestmark = pytest.mark.feature("G19", "I-72", "P2.4")

TEXTS = Kind(name="toy.texts", entity="account", writer=ColumnWriter("name", "web"))
NO = ErrorCode("TOY_NO", "no", "no", "Take another.")


def refused(*plugins):
    with pytest.raises(StartError) as caught:
        load(plugins)
    return [(problem.code, problem.plugin, problem.text("en")) for problem in caught.value.problems]


def make(crm, count):
    with crm.session("anna") as session:
        accounts = [session.add(Account(name=f"A{number}", web=f"{number}.example.com", owner="anna")) for number in range(count)]
        session.commit()
        return [account.id for account in accounts]


def change(crm, kind, planned, entity="account"):
    """Preview and confirm, and return both, with the statements of the confirmation."""
    with crm.session("anna") as session:
        made = session.changesets.preview(kind, planned, entity=entity)
        session.commit()
        statements = []

        def note(*call):
            statements.append(call[2])

        event.listen(crm.engine, "before_cursor_execute", note)
        result = session.changesets.confirm(made.token)
        session.commit()
        event.remove(crm.engine, "before_cursor_execute", note)
    return made, result, statements


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_kinds_and_looks_are_checked_at_the_start(database_kind):
    bare = Kind(name="texts", writer=ColumnWriter("name"))
    assert [code for code, _, _ in refused(make_plugin("toy", crm_change_kinds=[bare]))] == ["NAME_INVALID"]
    other = make_plugin("other", crm_change_kinds=[TEXTS])
    found = refused(make_plugin("toy", crm_change_kinds=[TEXTS]), other)
    assert {code for code, _, _ in found} == {"NAME_PREFIX", "NAME_DUPLICATE"}
    assert any("toy and other" in text or "other and toy" in text for _, _, text in found)
    lost = Kind(name="toy.lost", entity="toy.thing", writer=ColumnWriter("name"))
    orphan = Kind(name="toy.orphan", entity="site", parent="owner_id", writer=ColumnWriter("street"))
    looks = [LookAt(entity="account", fields=("nome",)), LookAt(entity="nothing")]
    found = refused(make_plugin("toy", crm_change_kinds=[lost, orphan], crm_looks_at=looks))
    assert [code for code, _, _ in found] == ["FOLLOWING_INVALID"] * 4
    assert refused(make_plugin("toy", crm_change_kinds=["texts"]))[0][0] == "HOOK_RESULT_TYPE"


def test_a_kind_of_a_plugin_is_used_by_name_and_for_its_entity_only(open_crm):
    crm = open_crm(make_plugin("toy", crm_change_kinds=[TEXTS]))
    keys = make(crm, 2)
    _, result, _ = change(crm, "toy.texts", [Planned(key, "web", None) for key in keys])
    assert result.counts == {"applied": 2}
    with crm.session("anna") as session:
        for kind, entity, code in (("toy.texts", "person", "CHANGE_SET_FIELD"), ("toy.other", "account", "CHANGE_SET_KIND")):
            with pytest.raises(UsageError) as caught:
                session.changesets.preview(kind, [Planned(1, "name", "x")], entity=entity)
            assert caught.value.code == code
        for value in (7, None, "x" * 1_000):
            with pytest.raises(ValidationFailed) as wrong:
                session.changesets.preview("toy.texts", [Planned(keys[0], "name", value)])
            assert wrong.value.problems[0].code in {"VALUE_INVALID", "VALUE_MISSING"}


def test_a_plugin_is_asked_about_what_it_looks_at_and_nothing_else(open_crm):
    seen = []

    def look(session, changes):
        seen.append(sorted((each.entity, each.verb.value, *sorted(each.changes)) for each in changes))
        return [Problem(code="TOY_NO") for each in changes if each.record.name == "no"]

    plugin = make_plugin(
        "toy",
        crm_change_kinds=[TEXTS],
        crm_looks_at=[LookAt(entity="account", fields=("name", "notes"))],
        crm_validate=look,
        crm_before_commit=lambda session, changes: None,
        crm_error_codes=[NO],
    )
    crm = open_crm(plugin)
    keys = make(crm, 4)
    assert len(seen.pop()) == 4
    # The other column: one statement for all, and nobody is asked.
    _, result, statements = change(crm, "toy.texts", [Planned(key, "web", "x.example.com") for key in keys])
    assert result.counts == {"applied": 4}
    assert sum(text.startswith("UPDATE account ") and " FROM " in text for text in statements) == 1
    assert seen == []
    # This one: each record is shown, and one is refused.
    made, result, _ = change(crm, "toy.texts", [Planned(key, "name", "no" if key == keys[1] else "yes") for key in keys])
    assert (made.counts, result.counts) == ({"planned": 3, "TOY_NO": 1}, {"applied": 3, "TOY_NO": 1})
    seen.clear()
    with crm.session("anna") as session:
        one, two = (session.require(Account, key) for key in keys[:2])
        one.web, two.name = "y.example.com", "Due"
        session.add(Site(account_id=one.id, street="Via Roma"))
        session.commit()
    assert seen == [[("account", "updated", "name")]]


def tidy(session, changes):
    for each in changes:
        each.set("web", f"{each.record.name.lower()}.example.com")


def test_an_undo_puts_back_what_a_normaliser_changed_along(open_crm):
    crm = open_crm(make_plugin("toy", crm_change_kinds=[TEXTS], crm_normalisers=[Normaliser(entity="account", fields=("name",), fn=tidy)]))
    keys = make(crm, 3)
    with crm.session("anna") as session:
        session.require(Account, keys[0]).web = "own.example.com"
        session.commit()
    before = dump(crm)
    made, result, _ = change(crm, "toy.texts", [Planned(key, "name", "Nuovo") for key in keys])
    assert result.counts == {"applied": 3}
    assert {row["web"] for row in dump(crm)} == {"nuovo.example.com"}
    with crm.session("anna") as session:
        assert session.scalar(select(ChangeSetItem.id).where(ChangeSetItem.derived).limit(1)) is not None
        assert session.changesets.undo(made.id).counts == {"undone": 3}
        session.commit()
    assert dump(crm) == before


def dump(crm):
    """Return every account without what every change of it changes."""
    stamps = {"version", "updated_at", "updated_by"}
    with crm.engine.connect() as connection:
        rows = connection.execute(select(Account.__table__).order_by(Account.id)).mappings()
        return [{name: value for name, value in row.items() if name not in stamps} for row in rows]


def test_what_the_last_work_before_a_commit_changes_does_not_stand_in_the_way_of_an_undo(open_crm):
    def number(session, changes):
        for each in changes:
            each.record.notes = f"{each.record.name}!"

    looks = [LookAt(entity="account", fields=("name",))]
    crm = open_crm(make_plugin("toy", crm_change_kinds=[TEXTS], crm_looks_at=looks, crm_before_commit=number))
    keys = make(crm, 2)
    made, _, _ = change(crm, "toy.texts", [Planned(key, "name", "Nuovo") for key in keys])
    with crm.session("anna") as session:
        assert session.changesets.undo(made.id).counts == {"undone": 2}
        session.commit()
        assert [row["notes"] for row in dump(crm)] == ["A0!", "A1!"]


STREETS = Kind(name="toy.streets", entity="site", parent="account_id", writer=ColumnWriter("street"))


def test_a_record_whose_parent_changed_is_skipped(open_crm):
    crm = open_crm(make_plugin("toy", crm_change_kinds=[STREETS]))
    keys = make(crm, 3)
    with crm.session("anna") as session:
        sites = [session.add(Site(account_id=key, street="Via Roma")) for key in keys]
        session.commit()
        made = session.changesets.preview("toy.streets", [Planned(site.id, "street", "Via Milano") for site in sites], entity="site")
        session.commit()
        session.require(Account, keys[1]).name = "Cambiato"
        session.commit()
        assert session.changesets.confirm(made.token).counts == {"applied": 2, "STALE_VERSION": 1}
        session.commit()
        # A parent that changes afterwards does not keep anybody from an undo.
        session.require(Account, keys[0]).name = "Cambiato"
        session.commit()
        assert session.changesets.undo(made.id).counts == {"undone": 2, "STALE_VERSION": 1}


FIRST = 30
TABLE = attrs.evolve(
    CUSTOMERS,
    mode=TransitionMode.FORWARD_ONLY,
    states=tuple(attrs.evolve(each, flags={**each.flags, "initial": each.order < FIRST}) for each in CUSTOMERS.states),
    transitions=(
        Transition(source="prospect", target="customer", required_fields=("web",)),
        Transition(source="customer", target="blocked", groups=("ADMIN",)),
    ),
)


@pytest.mark.parametrize("careful", [False, True])
def test_states_change_in_mass_as_one_by_one_and_an_undo_is_no_way_back(open_crm, careful):
    asked = {"crm_before_commit": lambda session, changes: None} if careful else {}
    crm = open_crm(make_plugin("toy", **asked))
    with crm.session("anna") as session:
        session.states.define(TABLE)
        session.commit()
    keys = make(crm, 4)
    with crm.session("anna") as session:
        session.require(Account, keys[3]).web = None
        session.commit()
    made, result, statements = change(crm, "states", [Planned(key, "state", "customer") for key in keys])
    assert result.counts == {"applied": 3, "MISSING_FIELD": 1}
    assert (sum(text.startswith("UPDATE account ") and " FROM " in text for text in statements) == 1) is not careful
    made_too, _, _ = change(
        crm, "states", [Planned(key, "state", to) for key, to in zip(keys, ("blocked", "prospect", "customer", "x"), strict=True)]
    )
    assert made_too.counts == {"GROUP_NOT_ALLOWED": 1, "BACKWARD_TRANSITION": 1, "unchanged": 1, "STATE_UNKNOWN": 1}
    with crm.session("anna") as session:
        history = session.execute(select(StateChange.record_id, StateChange.old, StateChange.new, StateChange.override)).all()
        assert [tuple(row) for row in history] == [(key, "prospect", "customer", False) for key in keys[:3]]
    with crm.session("bruno") as session:
        # Without users and profiles everybody may override: the history says so.
        session.changesets.undo(made.id)
        session.commit()
        last = session.execute(
            select(StateChange.old, StateChange.new, StateChange.override).order_by(StateChange.id.desc()).limit(3)
        ).all()
        assert [tuple(row) for row in last] == [("customer", "prospect", True)] * 3
    with crm.engine.connect() as connection:
        rows = connection.execute(select(AUDIT.c.changes).where(AUDIT.c.entity == "account", AUDIT.c.entity_id == keys[0]))
        assert [row[0]["state"] for row in rows if "state" in row[0]][-2:] == [["prospect", "customer"], ["customer", "prospect"]]
