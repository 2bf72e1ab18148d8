"""Mass changes: preview, confirm, undo (I-72), the fast way and the careful one."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, select

from crmcore import Account, CharacteristicDef, Handler, Label, Phase, Problem, StaleVersion
from crmcore.changesets import CharacteristicWriter, ColumnWriter, Kind, Planned, applying, kinds, previewing
from crmcore.characteristics.mass import CHARACTERISTICS
from crmcore.errors import ErrorCode, RecordNotFound, UsageError
from crmcore.model import AUDIT, EVENT, JOB, ChangeSet, ChangeSetItem, CharacteristicChange
from crmcore.testing.plugins import make_plugin

pytestmark = pytest.mark.feature("C08", "I-72")
L = Label("Etichetta", "Label")
KEYS = ("toy_size", "toy_colour")
DEFINITIONS = [CharacteristicDef(key="toy_size", label=L, type="integer"), CharacteristicDef(key="toy_colour", label=L)]


def refuse_seven(session, cls, wishes):
    return {n: Problem(code="CONSTRAINT_VIOLATED", params={"reason": "seven"}) for n, wish in enumerate(wishes) if wish.new == 7}


TEXTS = Kind(name="texts", writer=ColumnWriter("name", "ateco", "web", "private"))
PICKY = Kind(name="picky", writer=CharacteristicWriter(), history=kinds.characteristic_history, check=refuse_seven)


def seen(session, event):
    """Listen, so that every record has to be shown."""


def toy(*, careful=False, **hooks):
    handlers = [Handler(event="account.updated", fn=seen, phase=Phase.IN_TRANSACTION)] if careful else []
    return make_plugin("toy", crm_characteristics=DEFINITIONS, crm_handlers=handlers, **hooks)


@pytest.fixture(autouse=True)
def own_kinds(monkeypatch):
    monkeypatch.setattr(
        "crmcore.changesets.api.kind_of", lambda _, name: {"texts": TEXTS, "picky": PICKY, "characteristics": CHARACTERISTICS}[name]
    )


@pytest.fixture(params=["fast", "careful"])
def careful(request):
    return request.param == "careful"


@pytest.fixture
def small_chunks(monkeypatch):
    monkeypatch.setattr(applying, "CHUNK", 3)
    monkeypatch.setattr(previewing, "CHUNK", 4)


@pytest.fixture
def crm(open_crm, careful):
    return open_crm(toy(careful=careful))


def make(crm, count, **characteristics):
    with crm.session("anna") as s:
        accounts = [s.add(Account(name=f"A{n}", owner="anna", characteristics=characteristics)) for n in range(count)]
        s.commit()
        return [account.id for account in accounts]


def preview(crm, kind, planned, actor="anna"):
    with crm.session(actor) as s:
        made = s.changesets.preview(kind, planned, "Prova")
        s.commit()
    return made


def confirm(crm, made, actor="anna"):
    with crm.session(actor, source="ui") as s:
        result = s.changesets.confirm(made.token)
        s.commit()
    return result


def undo(crm, made, actor="anna"):
    with crm.session(actor) as s:
        result = s.changesets.undo(made.id)
        s.commit()
    return result


def values(crm, field):
    with crm.session("anna") as s:
        accounts = s.scalars(select(Account).order_by(Account.id)).all()
        return [getattr(account, field) if hasattr(account, field) else account.characteristics.get(field) for account in accounts]


def rows(crm, table, *columns):
    with crm.engine.connect() as connection:
        return [tuple(row) for row in connection.execute(select(*(table.c[name] for name in columns)).order_by(*table.primary_key.columns))]


def test_nothing_is_written_before_the_confirmation_and_then_exactly_what_was_seen(crm, small_chunks):
    keys = make(crm, 10, toy_size=1)
    made = preview(crm, "characteristics", [Planned(key, "toy_size", n) for n, key in enumerate(keys)])
    assert made.counts == {"planned": 9, "unchanged": 1}
    assert [(each.record_id, each.version, each.old, each.new) for each in made.samples][:2] == [(keys[0], 1, 1, 0), (keys[2], 1, 1, 2)]
    assert values(crm, "toy_size") == [1] * 10
    assert values(crm, "version") == [1] * 10
    result = confirm(crm, made)
    assert (result.records, result.counts, result.skipped) == (9, {"applied": 9}, ())
    assert values(crm, "toy_size") == list(range(10))
    assert values(crm, "version") == [2, 1, *[2] * 8]
    assert undo(crm, made).counts == {"undone": 9}
    assert values(crm, "toy_size") == [1] * 10
    assert values(crm, "version") == [3, 1, *[3] * 8]


def test_a_record_that_changed_since_the_preview_is_skipped_and_the_rest_goes_on(crm, small_chunks):
    keys = make(crm, 8, toy_size=1)
    made = preview(crm, "characteristics", [Planned(key, "toy_size", 5) for key in keys])
    with crm.session("bruno") as s:
        s.require(Account, keys[3]).name = "Moved"
        s.delete(s.require(Account, keys[6]))
        s.commit()
    result = confirm(crm, made)
    assert result.counts == {"applied": 6, "STALE_VERSION": 1, "NOT_FOUND": 1}
    assert result.skipped == ((keys[3], "toy_size", "STALE_VERSION"), (keys[6], "toy_size", "NOT_FOUND"))
    assert values(crm, "toy_size") == [5, 5, 5, 1, 5, 5, 5]


def test_undo_leaves_alone_what_somebody_touched_since(crm, small_chunks):
    keys = make(crm, 6, toy_size=1)
    made = preview(crm, "characteristics", [Planned(key, "toy_size", 5) for key in keys])
    confirm(crm, made)
    with crm.session("bruno") as s:
        s.require(Account, keys[4]).name = "Moved"
        s.commit()
    result = undo(crm, made)
    assert result.counts == {"undone": 5, "CHANGED_SINCE": 1}
    assert result.skipped == ((keys[4], "toy_size", "CHANGED_SINCE"),)
    assert values(crm, "toy_size") == [1, 1, 1, 1, 5, 1]


def test_several_fields_of_a_record_are_one_version(crm, small_chunks):
    keys = make(crm, 7, toy_size=1)
    planned = [Planned(key, field, new) for field, new in (("toy_size", None), ("toy_colour", "red")) for key in keys]
    made = preview(crm, "characteristics", planned)
    assert confirm(crm, made).counts == {"applied": 14}
    assert values(crm, "characteristics") == [{"toy_colour": "red"}] * 7
    assert values(crm, "version") == [2] * 7
    undo(crm, made)
    assert values(crm, "characteristics") == [{"toy_size": 1}] * 7


def test_columns_of_every_type_are_written_as_by_hand(crm, small_chunks):
    keys = make(crm, 2)
    plans = [
        Planned(keys[0], "name", 'Nuovo "à"'),
        Planned(keys[0], "private", True),
        Planned(keys[1], "web", "x.it"),
        Planned(keys[1], "ateco", None),
    ]
    made = preview(crm, "texts", plans)
    assert made.counts == {"planned": 3, "unchanged": 1}
    confirm(crm, made)
    assert values(crm, "name") == ['Nuovo "à"', "A1"]
    assert values(crm, "private") == [True, False]
    assert values(crm, "web") == [None, "x.it"]
    undo(crm, made)
    assert (values(crm, "name"), values(crm, "private"), values(crm, "web")) == (["A0", "A1"], [False, False], [None, None])


def test_each_record_leaves_audit_and_event_and_each_characteristic_its_history(open_crm, frozen_clock):
    crm = open_crm(toy())
    keys = make(crm, 3, toy_size=1)
    before = len(rows(crm, AUDIT, "id"))
    confirm(
        crm,
        preview(
            crm,
            "characteristics",
            [Planned(keys[0], "toy_size", 2), Planned(keys[0], "toy_colour", "red"), Planned(keys[2], "toy_size", None)],
        ),
    )
    wanted = {
        keys[0]: {"characteristics": [{"toy_size": 1, "toy_colour": None}, {"toy_size": 2, "toy_colour": "red"}]},
        keys[2]: {"characteristics": [{"toy_size": 1}, {"toy_size": None}]},
    }
    audit = [
        row for row in rows(crm, AUDIT, "entity", "entity_id", "verb", "actor", "source", "at", "changes")[before:] if row[0] == "account"
    ]
    assert audit == [("account", key, "updated", "anna", "ui", frozen_clock.now(), changes) for key, changes in wanted.items()]
    events = [row for row in rows(crm, EVENT, "type", "entity_id", "changes", "payload", "depth", "device") if row[0] == "account.updated"]
    assert events == [("account.updated", key, changes, {}, 0, None) for key, changes in wanted.items()]
    correlations = {row[1] for row in rows(crm, EVENT, "type", "correlation_id") if row[0] == "account.updated"}
    assert len(correlations) == 1
    written = rows(crm, CharacteristicChange.__table__, "record_id", "key", "old", "new", "actor", "source")
    history = [row for row in written if row[5] == "ui"]
    assert sorted(history, key=str) == sorted(
        [
            (keys[0], "toy_size", 1, 2, "anna", "ui"),
            (keys[0], "toy_colour", None, "red", "anna", "ui"),
            (keys[2], "toy_size", 1, None, "anna", "ui"),
        ],
        key=str,
    )


def test_handlers_after_the_commit_get_one_delivery_for_each_record(open_crm):
    plugin = make_plugin("toy", crm_characteristics=DEFINITIONS, crm_handlers=[Handler(event="account.updated", fn=seen)])
    crm = open_crm(plugin)
    keys = make(crm, 4)
    confirm(crm, preview(crm, "characteristics", [Planned(key, "toy_size", 1) for key in keys]))
    deliveries = {row[1] for row in rows(crm, JOB, "name", "event_id")}
    assert deliveries == {row[0] for row in rows(crm, EVENT, "event_id", "type") if row[1] == "account.updated"}
    assert crm.worker().run_until_idle() == 4


def test_the_check_of_a_kind_refuses_at_the_preview(crm):
    keys = make(crm, 3)
    made = preview(crm, "picky", [Planned(key, "toy_size", 6 + n) for n, key in enumerate(keys)] + [Planned(99, "toy_size", 1)])
    assert made.counts == {"planned": 2, "CONSTRAINT_VIOLATED": 1, "NOT_FOUND": 1}
    assert [(each.record_id, each.problem.code) for each in made.refusals] == [(keys[1], "CONSTRAINT_VIOLATED"), (99, "NOT_FOUND")]
    assert confirm(crm, made).counts == {"applied": 2, "CONSTRAINT_VIOLATED": 1, "NOT_FOUND": 1}
    assert values(crm, "toy_size") == [6, None, 8]


def no_sevens(session, changes):
    codes = [c.record.characteristics.get("toy_size") for c in changes if c.entity == "account"]
    return [Problem(code="TOY_SEVEN") for code in codes if code == 7]


def test_a_plugin_that_validates_sees_every_record_and_its_refusals_do_not_stop_the_rest(open_crm, small_chunks):
    crm = open_crm(toy(crm_validate=no_sevens, crm_error_codes=[ErrorCode("TOY_SEVEN", "seven", "sette", "Take another.")]))
    keys = make(crm, 9)
    made = preview(crm, "characteristics", [Planned(key, "toy_size", 3 + n) for n, key in enumerate(keys)])
    assert made.counts == {"planned": 8, "TOY_SEVEN": 1}
    assert [(each.record_id, each.problem.text("it")) for each in made.refusals] == [(keys[4], "sette")]
    assert values(crm, "toy_size") == [None] * 9
    assert confirm(crm, made).counts == {"applied": 8, "TOY_SEVEN": 1}
    assert values(crm, "toy_size") == [3, 4, 5, 6, None, 8, 9, 10, 11]


def test_confirming_without_commit_keeps_nothing(crm):
    keys = make(crm, 2)
    made = preview(crm, "characteristics", [Planned(key, "toy_size", 1) for key in keys])
    with crm.session("anna") as s:
        account = s.require(Account, keys[0])
        s.changesets.confirm(made.token)
        assert (account.characteristics, account.version) == ({"toy_size": 1}, 2)
    assert values(crm, "toy_size") == [None, None]
    assert confirm(crm, made).counts == {"applied": 2}


def test_a_change_set_is_confirmed_once_and_undone_once(crm):
    keys = make(crm, 1)
    made = preview(crm, "characteristics", [Planned(keys[0], "toy_size", 1)])
    with crm.session("anna") as s:
        with pytest.raises(UsageError) as caught:
            s.changesets.undo(made.id)
        assert caught.value.code == "CHANGE_SET_STATE"
        with pytest.raises(RecordNotFound):
            s.changesets.confirm("no such token")
    confirm(crm, made)
    with crm.session("anna") as s, pytest.raises(UsageError) as caught:
        s.changesets.confirm(made.token)
    assert caught.value.code == "CHANGE_SET_STATE"
    undo(crm, made)
    with crm.session("anna") as s, pytest.raises(UsageError):
        s.changesets.undo(made.id)


def test_two_who_confirm_at_once_write_once(crm):
    keys = make(crm, 1)
    made = preview(crm, "characteristics", [Planned(keys[0], "toy_size", 1)])
    with crm.session("anna") as one, crm.session("bruno") as two:
        for s in (one, two):
            s.scalar(select(ChangeSet).where(ChangeSet.token == made.token))
        one.changesets.confirm(made.token)
        one.commit()
        with pytest.raises((StaleVersion, UsageError)) as caught:
            two.changesets.confirm(made.token)
        assert caught.value.code in {"STALE_VERSION", "CHANGE_SET_STATE"}
    assert values(crm, "version") == [2]


def test_what_a_kind_does_not_name_cannot_be_written_and_a_wish_is_there_once(crm):
    key = make(crm, 1)[0]
    with crm.session("anna") as s:
        for field in ("state", "version", "id"):
            with pytest.raises(UsageError) as caught:
                s.changesets.preview("texts", [Planned(key, field, "x")])
            assert caught.value.code == "CHANGE_SET_FIELD"
        with pytest.raises(UsageError) as caught:
            s.changesets.preview("texts", [Planned(key, "web", "x"), Planned(key, "web", "y")])
        assert caught.value.code == "CHANGE_SET_REPEATED"
        assert s.scalar(select(func.count()).select_from(ChangeSetItem)) == 0


def test_a_preview_whose_basis_changed_is_refused(crm, monkeypatch):
    bases = iter(["old", "new"])
    kind = Kind(name="texts", writer=ColumnWriter("web"), basis=lambda session, cls: next(bases))
    monkeypatch.setattr("crmcore.changesets.api.kind_of", lambda _, name: kind)
    key = make(crm, 1)[0]
    made = preview(crm, "texts", [Planned(key, "web", "x")])
    with crm.session("anna") as s, pytest.raises(UsageError) as caught:
        s.changesets.confirm(made.token)
    assert caught.value.code == "CHANGE_SET_OUTDATED"


def forbid(session, permission):
    return False if session.actor.name == "bruno" else None


def test_only_its_owner_or_who_may_undoes_a_change_set(open_crm):
    crm = open_crm(toy(crm_check_permission=forbid))
    key = make(crm, 1)[0]
    made = preview(crm, "characteristics", [Planned(key, "toy_size", 1)])
    confirm(crm, made)
    with crm.session("bruno") as s, pytest.raises(UsageError) as caught:
        s.changesets.undo(made.id)
    assert caught.value.code == "CHANGE_SET_FORBIDDEN"
    assert undo(crm, made).counts == {"undone": 1}


def test_the_number_of_statements_does_not_grow_with_the_records(open_crm, count_statements):
    crm = open_crm(toy())
    counts = []
    for size in (3, 300):
        keys = make(crm, size)
        with count_statements(crm) as statements:
            made = preview(crm, "characteristics", [Planned(key, "toy_size", 4) for key in keys])
            looked = len(statements)
            confirm(crm, made)
        counts.append((looked, len(statements)))
    assert counts[0] == counts[1]
    # Each of the two commits also asks whether the definitions are still those that it knows.
    assert counts[0][0] <= 10
    assert counts[0][1] <= 32


def test_a_record_that_is_being_changed_is_waited_for_and_skipped(crm):
    keys = make(crm, 3, toy_size=1)
    made = preview(crm, "characteristics", [Planned(key, "toy_size", 5) for key in keys])
    with ThreadPoolExecutor(1) as threads, crm.session("bruno") as s:
        s.require(Account, keys[1]).name = "Being changed"
        s.flush()
        other = threads.submit(confirm, crm, made)
        s.commit()
        assert other.result(timeout=60).counts == {"applied": 2, "STALE_VERSION": 1}
    assert values(crm, "toy_size") == [5, 1, 5]
