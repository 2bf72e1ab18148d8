"""Mass maintenance of documents and rows: fields, states, characteristics; refusals, undo, order lists, commands."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from decimal import Decimal

import pytest
from click.testing import CliRunner
from crmcore_offers.mass import MassMaintenance, OrderList
from crmcore_offers.model import Document, OrderType, Product, Row, VatCode
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event, select

from crmcore import CharacteristicDef, Label, State, StateTable, Transition, TransitionMode, ValidationFailed
from crmcore.changesets import Planned
from crmcore.cli import crm as command
from crmcore.errors import RecordNotFound, UsageError
from crmcore.model import ChangeSetItem, Profile, User
from tests.processes import fork, wait_for

pytestmark = pytest.mark.feature("G15", "G17", "G18", "G19", "I-34", "I-72")
L = Label("Etichetta", "Label")
UNSIGNED = 2
FLOW = StateTable(
    name="offers.documents",
    entity="offers.document",
    label=L,
    mode=TransitionMode.FORWARD_ONLY,
    states=(
        State(code="inserted", label=L, order=10, default=True),
        State(code="checked", label=L, order=20),
        State(code="closed", label=L, order=30),
        State(code="active", label=L, order=50, flags={"blocking": True}),
        *(
            State(code=code, label=L, order=90, flags={"initial": True})
            for code in ("presented", "negotiating", "won", "lost", "cancelled")
        ),
    ),
    transitions=(
        Transition(source="inserted", target="checked"),
        Transition(source="checked", target="closed", groups=("AMM",), required_fields=("customer_signature",)),
        Transition(source="closed", target="active"),
    ),
)


@pytest.fixture
def archive(firm):
    """Make six documents of two rows each, D1 to D6, in a forward-only workflow; D5 is of carla's customer."""
    firm.at(2026, 5, 20)
    sellers = firm.people()
    mine, other = firm.account(seller_id=sellers["A1"]), firm.account("Villa Verde S.r.l.", seller_id=sellers["A3"])
    with firm.system() as session:
        for profile in session.scalars(select(Profile)):
            profile.functions = [*profile.functions, "changes.*"]
        session.states.define(FLOW)
        session.add(VatCode(code="S22", label_it="Aliquota di prova", rate=Decimal(22)))
        session.add(OrderType(code="T-ORD", label_it="Ordine di prova", meaning="order", counts_in=["order_book"]))
        product = session.add(Product(code="P-1", label_it="Prodotto"))
        session.flush()
        documents = []
        for number in range(1, 7):
            account = other if number == 5 else mine
            # The one without a signature is not closed.
            signed = None if number == UNSIGNED else date(2026, 5, 20)
            fields = {
                "type": "T-ORD",
                "account_id": account,
                "issued_on": date(2026, 5, number),
                "owner": "anna",
                "customer_signature": signed,
            }
            documents.append(session.add(Document(reference=f"D{number}", probability=number * 10, **fields)))
        session.flush()
        for document in documents:
            for position in (1, 2):
                price = Decimal(position * 10)
                session.add(
                    Row(document_id=document.id, position=position, product_id=product.id, code="P-1", vat="S22", price=price, net=price)
                )
        session.commit()
        firm.documents = [document.id for document in documents]
    return firm


def codes(caught):
    return [problem.code for problem in caught.value.problems]


def run(firm, entity, condition, values, login="anna"):
    with firm.session(login) as session:
        mass = MassMaintenance(session)
        made = mass.preview(entity, condition, values)
        session.commit()
        result = mass.confirm(made.token)
        session.commit()
    return made, result


def move(firm, references, *states):
    with firm.system() as session:
        for document in session.scalars(select(Document).where(Document.reference.in_(references))):
            for state in states:
                session.states.change(document, state, override=True, reason="prova")
        session.commit()


def dump(firm):
    """Return documents and rows without what every change of them changes."""
    stamps = {"version", "updated_at", "updated_by"}
    with firm.crm.engine.connect() as connection:
        tables = [connection.execute(select(cls.__table__).order_by(cls.id)).mappings().all() for cls in (Document, Row)]
    return [{name: value for name, value in row.items() if name not in stamps} for rows in tables for row in rows]


def test_header_fields_change_in_mass_and_come_back_byte_for_byte(archive):
    before = dump(archive)
    move(archive, ["D6"], "checked", "closed", "active")
    locked = dump(archive)
    values = {"agent": "A2", "probability": 75, "close_period": "2026-Q3", "delivery": date(2026, 9, 1), "campaign": "fiera", "notes": "…"}
    made, result = run(archive, "offers.document", {"field": "reference", "op": "ne", "value": "D2"}, values, "marco")
    # Marco sees those of his agents, and not the one of carla's customer.
    assert (made.matched, made.will_change, made.refused) == (4, 3, 1)
    assert (made.codes, [each.name for each in made.refusals][:1]) == ({"DOCUMENT_LOCKED": 6}, ["D6"])
    assert result.counts == {"applied": 18, "DOCUMENT_LOCKED": 6}
    with archive.system() as session:
        found = {document.reference: document for document in session.scalars(select(Document))}
        assert (found["D1"].probability, found["D1"].delivery, found["D1"].agent_id is not None) == (75, date(2026, 9, 1), True)
        assert [found[name].probability for name in ("D2", "D5", "D6")] == [20, 50, 60]
    with archive.session("marco") as session:
        assert MassMaintenance(session).undo(made.id).counts == {"undone": 18, "DOCUMENT_LOCKED": 6}
        session.commit()
    assert dump(archive) == locked != before


def test_rows_change_their_numbers_exactly_and_come_back(archive):
    before = dump(archive)
    values = {"quantity": "1234.5", "price": Decimal("0.123456"), "discounts": "10+5", "delivery": "2026-09-01", "commission": False}
    condition = {"and": [{"field": "document.reference", "op": "in", "value": ["D1", "D2"]}, {"field": "position", "op": "eq", "value": 1}]}
    made, result = run(archive, "offers.row", condition, values)
    assert (made.matched, made.will_change, result.records) == (2, 2, 2)
    with archive.system() as session:
        row = session.scalar(select(Row).where(Row.quantity == Decimal("1234.5")).order_by(Row.id))
        assert (row.price, row.discounts, row.delivery, row.commission) == (Decimal("0.123456"), "10+5", date(2026, 9, 1), False)
    again, _ = run(archive, "offers.row", condition, values)
    assert (again.will_change, again.unchanged) == (0, 2)
    with archive.session("anna") as session:
        MassMaintenance(session).undo(made.id)
        session.commit()
    assert dump(archive) == before


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_what_cannot_be_is_refused_before_anything_is_written(archive):
    before = dump(archive)
    rows, documents = "offers.row", "offers.document"
    wrong = [
        (rows, {}, ["OFFERS_MASS_NOTHING"]),
        ("account", {"name": "x"}, ["OFFERS_MASS_ENTITY"]),
        (rows, {"net": "1.00"}, ["OFFERS_MASS_FIELD"]),
        (documents, {"number": 7}, ["OFFERS_MASS_FIELD"]),
        (documents, {"state": "checked", "notes": "x"}, ["OFFERS_MASS_MIXED"]),
        (documents, {"agent": "A9"}, ["OFFERS_MASS_VALUE"]),
        (documents, {"issued_on": None}, ["VALUE_MISSING"]),
        (documents, {"delivery": "domani"}, ["VALUE_INVALID"]),
        (rows, {"commission": "sì"}, ["VALUE_INVALID"]),
        (rows, {"quantity": "molti"}, ["VALUE_INVALID"]),
        (rows, {"price": 10**13}, ["VALUE_INVALID"]),
    ]
    with archive.session("admin") as session:
        mass = MassMaintenance(session)
        for entity, values, expected in wrong:
            with pytest.raises(ValidationFailed) as caught:
                mass.preview(entity, None, values)
            assert codes(caught) == expected, values
        # What only some records refuse, or a whole column, is counted with them.
        refused = [
            (rows, {"quantity": -1}, "OFFERS_MASS_VALUE"),
            (rows, {"discounts": "110"}, "OFFERS_MASS_VALUE"),
            (rows, {"vat": "99"}, "NOT_FOUND"),
            (documents, {"probability": 101}, "OFFERS_MASS_VALUE"),
            (documents, {"close_period": "2026-13"}, "OFFERS_MASS_VALUE"),
            (documents, {"site_id": 999}, "NOT_FOUND"),
            (documents, {"state": "nowhere"}, "STATE_UNKNOWN"),
        ]
        for entity, values, expected in refused:
            made = mass.preview(entity, None, values)
            assert (made.will_change, set(made.codes)) == (0, {expected}), values
        for field, value in (("quantity", 10**12), ("price", "1e40"), ("net", -(10**16))):
            with pytest.raises(UsageError) as outside:
                session.search.ids(rows, {"field": field, "op": "gt", "value": value})
            assert [problem.code for problem in outside.value.problems] == ["QUERY_VALUE"]
        session.rollback()
    assert dump(archive) == before


def test_states_follow_the_workflow_and_an_undo_is_no_way_around_it(archive):
    archive.group("AMM", "luca")
    everything = {"field": "type", "op": "eq", "value": "T-ORD"}
    move(archive, ["D6"], "checked", "closed", "active")
    made, result = run(archive, "offers.document", everything, {"state": "checked"}, "anna")
    assert (made.matched, made.codes, result.counts) == (5, {"DOCUMENT_LOCKED": 1}, {"applied": 4, "DOCUMENT_LOCKED": 1})
    made, _ = run(archive, "offers.document", everything, {"state": "inserted"}, "anna")
    assert made.codes == {"BACKWARD_TRANSITION": 4, "DOCUMENT_LOCKED": 1}
    made, _ = run(archive, "offers.document", everything, {"state": "active"}, "anna")
    assert made.codes == {"TRANSITION_NOT_DEFINED": 4}
    made, _ = run(archive, "offers.document", everything, {"state": "closed"}, "anna")
    assert made.codes == {"GROUP_NOT_ALLOWED": 4, "DOCUMENT_LOCKED": 1}
    made, result = run(archive, "offers.document", everything, {"state": "closed"}, "luca")
    # D5 is inserted still: anna does not see it.
    assert made.codes == {"MISSING_FIELD": 1, "TRANSITION_NOT_DEFINED": 1, "DOCUMENT_LOCKED": 1}
    assert result.counts["applied"] == 3
    with archive.system() as session:
        document = session.require(Document, archive.documents[0])
        assert [each.new for each in session.states.history(document)] == ["checked", "closed"]
    with archive.session("anna") as session, pytest.raises(RecordNotFound):
        MassMaintenance(session).undo(made.id)
    with archive.system() as session:
        profile = session.add(
            Profile(code="AMM", label_it="Amministrazione", functions=["customers.*", "offers.*", "changes.*"], scopes=[{"kind": "all"}])
        )
        session.flush()
        session.scalar(select(User).where(User.login == "luca")).profile_id = profile.id
        session.commit()
    with archive.session("luca") as session:
        assert MassMaintenance(session).undo(made.id).counts["BACKWARD_TRANSITION"] == 3
        session.commit()
    with archive.system() as session:
        assert session.require(Document, archive.documents[0]).state == "closed"


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_characteristics_change_in_mass_and_locked_documents_keep_theirs(archive):
    with archive.system() as session:
        session.characteristics.define(CharacteristicDef(key="durata", label=L, type="integer", entity="offers.document"))
        session.commit()
    move(archive, ["D6"], "checked", "closed", "active")
    before = dump(archive)
    made, result = run(archive, "offers.document", None, {"c.durata": 24}, "admin")
    assert (made.codes, result.counts) == ({"DOCUMENT_LOCKED": 1}, {"applied": 5, "DOCUMENT_LOCKED": 1})
    with archive.session("admin") as session:
        assert session.require(Document, archive.documents[0]).characteristics == {"durata": 24}
        with pytest.raises(ValidationFailed) as caught:
            MassMaintenance(session).preview("offers.document", None, {"c.durata": "lunga"})
        assert codes(caught) == ["VALUE_INVALID"]
        MassMaintenance(session).undo(made.id)
        session.commit()
    assert dump(archive) == before


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_who_may_not_maintain_in_mass_does_not(archive):
    with archive.system() as session:
        for profile in session.scalars(select(Profile)):
            profile.functions = ["offers.export", "changes.*", "searches.*"]
        session.commit()
    with archive.session("anna") as session, pytest.raises(UsageError) as caught:
        MassMaintenance(session).preview("offers.row", None, {"notes": "x"})
    assert caught.value.code == "CHANGE_SET_FORBIDDEN"


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_what_is_applied_was_previewed_and_an_undo_restores_it(archive):
    rows = st.integers(1, 12)

    @settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
    @given(
        chosen=st.sets(rows, min_size=1),
        touched=st.sets(rows),
        locked=st.sets(st.integers(0, 5), max_size=2),
        values=st.fixed_dictionaries(
            {"price": st.decimals("0", "999999", places=6)},
            optional={"quantity": st.decimals("0.000001", "9999", places=6), "notes": st.text("abc", max_size=4)},
        ),
    )
    def check(chosen, touched, locked, values):
        with archive.session("admin") as session:
            made = MassMaintenance(session).preview("offers.row", {"field": "id", "op": "in", "value": sorted(chosen)}, values)
            session.commit()
            items = select(ChangeSetItem.record_id, ChangeSetItem.field).where(ChangeSetItem.change_set_id == made.id)
            previewed = {tuple(row) for row in session.execute(items)}
            for key in touched:
                session.require(Row, key).delivery = date(2026, 1, 1) if session.require(Row, key).delivery is None else None
            for number in locked:
                document = session.require(Document, archive.documents[number])
                document.title = f"{document.title[:100]}!"
            session.commit()
            before = dump(archive)
            result = MassMaintenance(session).confirm(made.token)
            session.commit()
            after = dump(archive)
            # Headers follow their rows, which is nothing that anybody previews.
            changed = {row["id"] for row, old in zip(after, before, strict=True) if row != old and "document_id" in row}
            assert result.records == len({key for key, _ in previewed} - touched - {key for key in chosen if (key - 1) // 2 in locked})
            assert changed <= {key for key, _ in previewed} <= chosen
            MassMaintenance(session).undo(made.id)
            session.commit()
            assert dump(archive) == before

    check()


FIRST = 4


def confirmed(archive, *references):
    run(archive, "offers.row", {"field": "document.reference", "op": "in", "value": list(references)}, {"state": "confirmed"}, "admin")


@pytest.mark.feature("G21")
def test_two_who_export_at_once_share_the_rows_between_them(archive):
    confirmed(archive, "D1", "D2", "D3")
    line = {"field": "document.reference", "op": "eq", "value": "D1"}
    with ThreadPoolExecutor(1) as threads, archive.session("admin") as session:
        first = OrderList(session).export(filter=line)
        assert first.lines == 2

        def other():
            with archive.session("admin") as mine:
                made = OrderList(mine).export()
                mine.commit()
                return made

        waiting = threads.submit(other)
        session.commit()
        second = waiting.result(timeout=60)
    assert second.lines == 4
    assert not set(first.text.splitlines()) & set(second.text.splitlines())
    # A list stays what it was, whatever becomes of its rows.
    run(archive, "offers.row", None, {"price": 99}, "admin")
    with archive.session("admin") as session:
        assert OrderList(session).again(first.id).text == first.text
        assert [each.lines for each in OrderList(session).exports()] == [4, 2]
        with pytest.raises(ValidationFailed) as caught:
            OrderList(session).again(99)
        assert codes(caught) == ["OFFERS_EXPORT_UNKNOWN"]


@pytest.mark.feature("G21")
@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_negative_documents_and_other_types_are_not_exported(archive):
    confirmed(archive, "D1", "D2", "D3")
    with archive.system() as session:
        session.add(OrderType(code="T-OFF", label_it="Offerta di prova", meaning="offer", counts_in=["pipeline"]))
        lost = State(code="inserted", label=L, order=10, default=True, flags={"negative": True})
        session.flush()
        session.states.define(
            StateTable(name=FLOW.name, entity=FLOW.entity, label=L, mode=FLOW.mode, states=(lost,), transitions=FLOW.transitions)
        )
        session.commit()
    move(archive, ["D2", "D3"], "checked")
    with archive.system() as session:
        session.require(Document, archive.documents[2]).notes = "…"
        session.commit()
        found = OrderList(session).export(detailed=False)
        assert [line.split(";")[0] for line in found.text.splitlines()] == ["D2", "D3"]
        session.rollback()
    with archive.system() as session:
        for profile in session.scalars(select(Profile)):
            profile.functions = ["offers.mass"]
        session.commit()
    with archive.session("anna") as session, pytest.raises(ValidationFailed) as caught:
        OrderList(session).export()
    assert codes(caught) == ["OFFERS_EXPORT_FORBIDDEN"]


@pytest.mark.feature("G21")
@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_a_process_that_dies_in_an_export_leaves_nothing_half(archive):
    import os
    import signal

    confirmed(archive, "D1", "D2")

    def export():
        with archive.system() as session:
            OrderList(session).export()
            session.commit()

    def die_at(number):
        def work():
            archive.crm.engine.dispose(close=False)
            left = iter(range(number))

            def tick(*_):
                if next(left, None) is None:
                    os.kill(os.getpid(), signal.SIGKILL)

            event.listen(archive.crm.engine, "before_cursor_execute", tick)
            export()

        return wait_for(fork(work))

    for number in range(FIRST, 60, 6):
        died = die_at(number) == -signal.SIGKILL
        with archive.system() as session:
            marked = len(session.scalars(select(Row.id).where(Row.export_id.is_not(None))).all())
            assert (marked, len(OrderList(session).exports())) == ((0, 0) if died else (4, 1))
        if not died:
            break
    assert number > FIRST


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_the_command_line_previews_confirms_undoes_and_exports(archive, tmp_path):
    url = archive.crm.engine.url.render_as_string(hide_password=False)
    (tmp_path / "crm.yaml").write_text(f"database: {url}\nplugins: [offers, italy]\n")

    def call(*arguments):
        result = CliRunner().invoke(command, ["-C", str(tmp_path), *arguments], catch_exceptions=False)
        assert result.exit_code == 0, result.output
        return result.output

    condition = json.dumps({"field": "document.reference", "op": "in", "value": ["D1", "D2"]})
    made = json.loads(call("--json", "offers", "mass", "preview", "rows", "--filter", condition, "--set", "state=confirmed"))
    assert (made["matched"], made["will_change"], made["refused"]) == (4, 4, 0)
    assert "4 schede" in call("offers", "mass", "confirm", made["token"])
    target = tmp_path / "ordini.csv"
    assert "4 righe" in call("offers", "export-orders", str(target))
    assert target.read_text().splitlines()[0] == "D1;1;P-1;1;10,00;10,00"
    assert "60.00" in call("offers", "exports")
    again = tmp_path / "ancora.csv"
    call("offers", "export-orders", "--export", "1", str(again))
    assert again.read_bytes() == target.read_bytes()
    assert "Trovati 12" in call("offers", "mass", "preview", "rows", "--set", "price=1.5", "--set", "notes=2026")
    assert "rifiutati 6" in call("offers", "mass", "preview", "documents", "--set", "probability=101")
    call("offers", "mass", "undo", str(made["id"]))
    wrong = CliRunner().invoke(command, ["-C", str(tmp_path), "offers", "mass", "preview", "rows", "--filter", "{", "--set", "x"])
    assert wrong.exit_code != 0


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_a_preview_by_one_is_not_confirmed_by_another_group(archive):
    archive.group("AMM", "luca")
    move(archive, ["D1"], "checked")
    with archive.session("luca") as session:
        planned = [Planned(archive.documents[0], "state", "closed")]
        made = session.changesets.preview("offers.document_states", planned, entity="offers.document")
        session.commit()
    with archive.session("anna") as session, pytest.raises((UsageError, RecordNotFound)) as caught:
        session.changesets.confirm(made.token)
    assert caught.value.code in {"CHANGE_SET_OUTDATED", "NOT_FOUND"}
