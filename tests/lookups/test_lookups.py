"""Three-level tables: entry, display and filtering by all three levels."""

from __future__ import annotations

import pytest
from sqlalchemy import select, text

from crmcore import ValidationFailed
from crmcore.lookups.api import Node
from crmcore.model import LookupEntry, LookupTable

pytestmark = pytest.mark.feature("N01", "S15")

SECTORS = (
    Node(
        "LEGNO",
        "Legno",
        "Wood",
        (
            Node("ARREDO", "Arredo", "Furniture", (Node("CUCINE", "Cucine", "Kitchens"), Node("BAGNI", "Bagni"))),
            Node("EDILE", "Edilizia", "Building"),
        ),
    ),
    Node("LEGNO2", "Legno bis"),
    Node("METALLO", "Metallo", "Metal", (Node("ARREDO", "Arredo metallico"),)),
)


def refused(error):
    return [problem.code for problem in error.value.problems]


@pytest.fixture
def crm(open_crm):
    crm = open_crm()
    with crm.session("anna") as s:
        s.lookups.define("settori", "Settori", levels=("Settore", "Sottosettore", "Categoria"), entries=SECTORS)
        s.commit()
    return crm


def test_a_table_is_written_at_once_with_its_three_levels(crm):
    with crm.session("anna") as s:
        table = s.lookups.table("settori")
        assert (table.level1_it, table.level2_it, table.level3_it) == ("Settore", "Sottosettore", "Categoria")
        rows = s.execute(select(LookupEntry.path, LookupEntry.level).order_by(LookupEntry.path)).all()
        assert [tuple(row) for row in rows] == [
            ("LEGNO/", 1),
            ("LEGNO/ARREDO/", 2),
            ("LEGNO/ARREDO/BAGNI/", 3),
            ("LEGNO/ARREDO/CUCINE/", 3),
            ("LEGNO/EDILE/", 2),
            ("LEGNO2/", 1),
            ("METALLO/", 1),
            ("METALLO/ARREDO/", 2),
        ]


def test_each_level_offers_what_lies_below_the_level_above(crm):
    with crm.session("anna") as s:
        assert [entry.code for entry in s.lookups.children("settori")] == ["LEGNO", "LEGNO2", "METALLO"]
        assert [entry.code for entry in s.lookups.children("settori", "LEGNO")] == ["ARREDO", "EDILE"]
        assert [entry.label_it for entry in s.lookups.children("settori", "LEGNO/ARREDO/")] == ["Cucine", "Bagni"]
        s.lookups.add("settori", "OUTDOOR", "Esterni", parent="LEGNO/ARREDO")
        s.lookups.add("settori", "VETRO")
        s.commit()
        assert s.lookups.entry("settori", "LEGNO/ARREDO/OUTDOOR").level == 3
        assert s.lookups.entry("settori", "VETRO").label_it == "VETRO"
        for wrong in (lambda: s.lookups.entry("settori", "LEGNO/NIENTE"), lambda: s.lookups.table("x"), lambda: s.lookups.add("x", "A")):
            with pytest.raises(ValidationFailed, match="CODE_UNKNOWN"):
                wrong()


def test_an_entry_shows_all_of_its_levels_in_both_languages_and_one_query(crm, count_statements):
    with crm.session("anna") as s:
        kitchens = s.lookups.entry("settori", "LEGNO/ARREDO/CUCINE")
        assert s.lookups.display(kitchens) == "Legno > Arredo > Cucine"
        assert s.lookups.display(kitchens, lang="en") == "Wood > Furniture > Kitchens"
        assert s.lookups.display(s.lookups.entry("settori", "LEGNO/ARREDO/BAGNI"), lang="en") == "Wood > Furniture > Bagni"
        assert s.lookups.display(s.lookups.entry("settori", "METALLO/ARREDO")) == "Metallo > Arredo metallico"
        ids = s.scalars(select(LookupEntry.id)).all()
        with count_statements(crm) as statements:
            shown = s.lookups.display_all(ids)
            picked = s.lookups.pick_list("settori")
        assert len(statements) == 2
        assert {entry.text for entry in shown.values()} == {entry.text for entry in picked}
        assert [entry.text for entry in s.lookups.pick_list("settori", under="LEGNO/ARREDO")] == [
            "Legno > Arredo",
            "Legno > Arredo > Cucine",
            "Legno > Arredo > Bagni",
        ]


def test_a_pick_list_is_in_the_order_that_the_firm_gave_to_each_level(crm):
    with crm.session("anna") as s:
        s.lookups.add("settori", "ALTRO", "Altro", position=9)
        s.lookups.entry("settori", "METALLO").position = 0
        s.commit()

        def below(parent=None):
            for entry in s.lookups.children("settori", parent):
                yield entry.path
                yield from below(entry.path)

        picked = [entry.path for entry in s.lookups.pick_list("settori")]
        assert picked == list(below())
        assert (picked[0], picked[3], picked[-1]) == ("METALLO/", "LEGNO/ARREDO/", "ALTRO/")


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("LEGNO", {"LEGNO/", "LEGNO/ARREDO/", "LEGNO/ARREDO/BAGNI/", "LEGNO/ARREDO/CUCINE/", "LEGNO/EDILE/"}),
        ("LEGNO/ARREDO", {"LEGNO/ARREDO/", "LEGNO/ARREDO/BAGNI/", "LEGNO/ARREDO/CUCINE/"}),
        ("LEGNO/ARREDO/CUCINE", {"LEGNO/ARREDO/CUCINE/"}),
        ("METALLO", {"METALLO/", "METALLO/ARREDO/"}),
    ],
)
def test_one_filters_by_any_level(crm, path, found):
    with crm.session("anna") as s:
        s.lookups.define("altri", entries=SECTORS)
        s.commit()
        assert set(s.scalars(select(LookupEntry.path).where(s.lookups.under("settori", path)))) == found
        tables = select(LookupTable.code).join(LookupEntry, LookupEntry.table_id == LookupTable.id)
        assert set(s.scalars(tables.where(s.lookups.under("settori", path)))) == {"settori"}


def test_the_filter_is_answered_from_an_index(crm):
    with crm.session("anna") as s:
        statement = select(LookupEntry.id).where(s.lookups.under("settori", "LEGNO"))
        compiled = str(statement.compile(s.orm.connection(), compile_kwargs={"literal_binds": True}))
    with crm.engine.connect() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SET enable_seqscan = off"))
            plan = "\n".join(connection.execute(text(f"EXPLAIN {compiled}")).scalars())
            assert "uq_lookup_entry_table_id_path" in plan
        else:
            plan = "\n".join(row[3] for row in connection.execute(text(f"EXPLAIN QUERY PLAN {compiled}")))
            assert "table_id=? AND path>? AND path<?" in plan


def test_an_obsolete_entry_stays_readable_and_is_not_offered_with_what_lies_below(crm):
    with crm.session("anna") as s:
        s.lookups.obsolete(s.lookups.entry("settori", "LEGNO/ARREDO"))
        s.commit()
    with crm.session("anna") as s:
        kitchens = s.lookups.entry("settori", "LEGNO/ARREDO/CUCINE")
        assert s.lookups.display(kitchens) == "Legno > Arredo > Cucine"
        assert [entry.path for entry in s.lookups.pick_list("settori", under="LEGNO")] == ["LEGNO/", "LEGNO/EDILE/"]
        assert len(s.lookups.pick_list("settori", under="LEGNO", obsolete=True)) == 5
        assert [entry.code for entry in s.lookups.children("settori", "LEGNO")] == ["EDILE"]
        assert [entry.code for entry in s.lookups.children("settori", "LEGNO", obsolete=True)] == ["ARREDO", "EDILE"]
        s.lookups.obsolete(s.lookups.entry("settori", "LEGNO/ARREDO"), obsolete=False)
        s.commit()
        assert len(s.lookups.pick_list("settori")) == 8


def test_there_is_no_fourth_level(crm):
    with crm.session("anna") as s:
        s.lookups.add("settori", "PIU", parent="LEGNO/ARREDO/CUCINE")
        with pytest.raises(ValidationFailed) as error:
            s.commit()
        assert refused(error) == ["LOOKUP_LEVEL"]
        s.lookups.define("deep", entries=[Node("A", children=[Node("B", children=[Node("C", children=[Node("D")])])])])
        with pytest.raises(ValidationFailed) as error:
            s.commit()
        assert refused(error) == ["LOOKUP_LEVEL"]


def test_codes_and_places_stay_because_old_records_refer_to_them(crm):
    with crm.session("anna") as s:
        other = s.lookups.define("altri", entries=[Node("A")])
        s.commit()
        keys = {row.path: row.id for row in s.execute(select(LookupEntry.path, LookupEntry.id).where(LookupEntry.table_id != other.id))}
        table, elsewhere = other.id, s.lookups.entry("altri", "A").id
    kitchens = keys["LEGNO/ARREDO/CUCINE/"]
    for field, value in (("code", "X"), ("parent_id", keys["LEGNO/EDILE/"]), ("path", "X/"), ("level", 2), ("table_id", table)):
        with crm.session("anna") as s:
            setattr(s.require(LookupEntry, kitchens), field, value)
            with pytest.raises(ValidationFailed) as error:
                s.commit()
            assert refused(error) == ["LOOKUP_FIXED"]
            assert error.value.problems[0].params == {"path": "LEGNO/ARREDO/CUCINE/"}
    with crm.session("anna") as s:
        s.delete(s.require(LookupEntry, kitchens))
        with pytest.raises(ValidationFailed) as error:
            s.commit()
        assert refused(error) == ["LOOKUP_KEPT"]
    with crm.session("anna") as s:
        s.add(LookupEntry(table_id=table, code="B", label_it="B", parent_id=kitchens))
        s.add(LookupEntry(table_id=table, code="B/C", label_it="B", parent_id=elsewhere))
        with pytest.raises(ValidationFailed) as error:
            s.commit()
        assert refused(error) == ["LOOKUP_TABLE_OTHER", "VALUE_INVALID"]
        s.require(LookupEntry, kitchens).label_it = "Cucine componibili"
        s.commit()
        assert s.lookups.display(s.require(LookupEntry, kitchens)) == "Legno > Arredo > Cucine componibili"


def test_level_and_path_are_derived_whatever_the_caller_says(crm):
    with crm.session("anna") as s:
        table, parent = s.lookups.table("settori").id, s.lookups.entry("settori", "METALLO").id
        made = s.add(LookupEntry(table_id=table, code="X", label_it="X", parent_id=parent, level=1, path="nonsense"))
        s.commit()
        assert (made.level, made.path) == (2, "METALLO/X/")


def test_a_code_is_there_once_at_its_place(crm):
    with crm.session("anna") as s:
        s.lookups.add("settori", "ARREDO", parent="LEGNO")
        with pytest.raises(ValidationFailed, match="CONSTRAINT_VIOLATED"):
            s.commit()
