"""Indexes of characteristics and list views: made, used, dropped, and missed aloud."""

from __future__ import annotations

import itertools
import json
from datetime import UTC, datetime

import pytest
from sqlalchemy import event, text

from crmcore import Account, Label, migrate
from crmcore.hooks import CharacteristicDef
from crmcore.query import ListView
from crmcore.testing import make_plugin
from tests.query.conftest import choices, definition

CROWD = 30_000
NOW = datetime(2026, 5, 11, 7, 0, tzinfo=UTC)
SPECS = (
    definition("gestore", "choice", choices=choices("enel", "edison", "a2a", "iren"), indexed=True),
    definition("classe", indexed=True),
    definition("consumo_kwh", "decimal", indexed=True),
    definition("dal", "date"),
)


def crowd(crm, count=CROWD):
    """Write accounts past the session: only the database is tried here."""
    rows = []
    for number in range(1, count + 1):
        values = {
            "gestore": ("enel", "edison", "a2a", "iren")[number % 4],
            "classe": f"C{number * 7 % 50:02}",
            "dal": f"20{number % 26:02}-01-01",
        }
        if number % 10:
            values["consumo_kwh"] = f"{number * 7919 % 100_000}.{number % 9 + 1}"
        stored = values if crm.engine.dialect.name == "postgresql" else json.dumps(values, sort_keys=True)
        rows.append(
            {
                "name": f"Ditta {number:06}",
                "characteristics": stored,
                "uid": f"{number:032x}",
                "kind": "business",
                "language": "it",
                "seller_source": "zone",
                "private": False,
                "incomplete": False,
                "version": 1,
                "created_at": NOW,
                "updated_at": NOW,
                "created_by": "x",
                "updated_by": "x",
            }
        )
    with crm.engine.begin() as connection:
        for start in range(0, count, 5_000):
            connection.execute(
                Account.__table__.insert(),
                [
                    {
                        **row,
                        "characteristics": row["characteristics"]
                        if isinstance(row["characteristics"], dict)
                        else json.loads(row["characteristics"]),
                    }
                    for row in rows[start : start + 5_000]
                ],
            )
        connection.execute(text("ANALYZE account"))


_numbers = itertools.count()


def plans(crm, action):
    """Return the plan of each query of an action, as the database made it with the values of that query."""
    seen = []

    def note(_connection, _cursor, statement, parameters, *_):
        if statement.startswith("SELECT") and "FROM account" in statement:
            seen.append((statement, parameters))

    event.listen(crm.engine, "before_cursor_execute", note)
    try:
        action()
    finally:
        event.remove(crm.engine, "before_cursor_execute", note)
    word = "EXPLAIN QUERY PLAN" if crm.engine.dialect.name == "sqlite" else "EXPLAIN"
    with crm.engine.connect() as connection:
        # The comment is another each time: a connection keeps what it prepared, and an EXPLAIN is not prepared again for a new index. Nor
        # does it look whether there is one: a query does.
        connection.exec_driver_sql("SELECT 1 FROM account LIMIT 1")
        return [
            "\n".join(str(row[-1]) for row in connection.exec_driver_sql(f"/* {next(_numbers)} */ {word} {statement}", parameters))
            for statement, parameters in seen
        ]


def sorts(plan):
    """Return whether PostgreSQL sorts everything; an incremental sort only puts equals in order."""
    return any(line.strip().removeprefix("->").strip().startswith("Sort ") for line in plan.splitlines() if "Key" not in line)


def index_names(crm):
    table = (
        ("sqlite_master WHERE type = 'index'", "name") if crm.engine.dialect.name == "sqlite" else ("pg_indexes WHERE true", "indexname")
    )
    with crm.engine.connect() as connection:
        found = connection.execute(text(f"SELECT {table[1]} FROM {table[0]}")).scalars()
        return sorted(name for name in found if name.startswith(("cx_", "lx_")))


TWO_FILTERS = {
    "and": [{"field": "c.gestore", "op": "eq", "value": "enel"}, {"field": "c.classe", "op": "eq", "value": "C28"}],
}


@pytest.mark.feature("B17", "C11")
def test_two_filters_and_an_order_on_characteristics_are_answered_by_an_index(open_crm, define):
    crm = open_crm()
    define(crm, *SPECS)
    crowd(crm)
    with crm.session("anna") as s:
        s.characteristics.sync_indexes()
        s.commit()
        # With an index for each, one of them finds the rows; with the index of the view, it also has them in order.
        (first,) = plans(crm, lambda: s.search.find("account", TWO_FILTERS, sort="c.consumo_kwh"))
        assert "cx_account_" in first, first
        assert not any(line.strip().startswith(("Seq Scan", "SCAN account")) for line in first.splitlines()), first
        s.search.declare(ListView(name="consumi", filters=("c.gestore", "c.classe"), sort="c.consumo_kwh"))
        (made,) = s.characteristics.sync_indexes().created
        s.commit()
    pages = []
    with crm.session("anna") as s:
        for sort in ("c.consumo_kwh", "-c.consumo_kwh"):
            found = plans(crm, lambda: pages.append(s.search.find("account", TWO_FILTERS, sort=sort)))  # noqa: B023
            found += plans(crm, lambda: pages.append(s.search.find("account", TWO_FILTERS, sort=sort, after=pages[-1].next)))  # noqa: B023
            found += plans(crm, lambda: pages.append(s.search.find("account", TWO_FILTERS, sort=sort, before=pages[-1].previous)))  # noqa: B023
            assert len(found) == 3
            for plan in found:
                assert made in plan, plan
                assert "TEMP B-TREE" not in plan, plan
            # Where few rows are left, PostgreSQL takes them all from the index and sorts them.
            assert not sorts(found[0]), found[0]
            assert [record.id for record in pages[-1]] == [record.id for record in pages[-3]]
    assert all(len(page) == 50 and page.warnings == () for page in pages)


@pytest.mark.feature("B17", "C11")
def test_a_list_that_is_only_sorted_reads_one_page_from_the_index(open_crm, define):
    crm = open_crm()
    define(crm, *SPECS)
    crowd(crm)
    with crm.session("anna") as s:
        s.characteristics.sync_indexes()
        s.commit()
        for sort in ("c.consumo_kwh", "-c.consumo_kwh", "name", "-name"):
            first = s.search.find("account", sort=sort)
            found = plans(crm, lambda: s.search.find("account", sort=sort, after=first.next))  # noqa: B023
            for plan in found:
                assert ("cx_account_consumo_kwh_decimal" in plan) or ("ix_account_name" in plan), plan
                assert "TEMP B-TREE" not in plan, plan
                assert not sorts(plan), plan
        # The rows without a value come last, and are all there.
        ids, page = [], s.search.values("account", ["id", "c.consumo_kwh"], sort="-c.consumo_kwh", page=1000)
        while True:
            ids += list(page)
            if page.next is None:
                break
            page = s.search.values("account", ["id", "c.consumo_kwh"], sort="-c.consumo_kwh", page=1000, after=page.next)
        assert len(ids) == len({row[0] for row in ids}) == CROWD
        filled = [row[1] for row in ids if row[1] is not None]
        assert filled == sorted(filled, reverse=True)
        assert [row[1] for row in ids[-CROWD // 10 :]] == [None] * (CROWD // 10)


@pytest.mark.feature("B17")
@pytest.mark.parametrize(
    ("node", "index"),
    [
        ({"field": "c.consumo_kwh", "op": "between", "value": ["10", "20.5"]}, "cx_account_consumo_kwh_decimal"),
        ({"field": "c.consumo_kwh", "op": "eq", "value": "7919.2"}, "cx_account_consumo_kwh_decimal"),
        ({"field": "c.classe", "op": "in", "value": ["C00", "C01"]}, "cx_account_classe_text"),
        ({"field": "name", "op": "eq", "value": "Ditta 000007"}, "ix_account_name"),
        ({"field": "site.postcode", "op": "eq", "value": "36061"}, "ix_site_postcode"),
        ({"field": "person.last_name", "op": "eq", "value": "Rossi"}, "ix_person_last_name_first_name"),
        ({"field": "role", "op": "eq", "value": "customer"}, "ix_account_role_role_account_id"),
    ],
)
def test_each_kind_of_condition_starts_from_its_index(open_crm, define, node, index):
    crm = open_crm()
    define(crm, *SPECS)
    crowd(crm, 5_000)
    with crm.session("anna") as s:
        s.characteristics.sync_indexes()
        s.commit()
        if crm.engine.dialect.name == "postgresql":
            # Small tables beside a large one: what the planner would do when they grow.
            s.execute(text("SELECT set_config('enable_seqscan', 'off', true)"))
        first = plans(crm, lambda: s.search.ids("account", node))
        if crm.engine.dialect.name == "sqlite":
            assert any(index in plan for plan in first), first
    if crm.engine.dialect.name == "postgresql":
        with crm.engine.connect() as connection:
            connection.execute(text("SET enable_seqscan = off"))
            from crmcore.query.filters import compile_filter

            with crm.session("anna") as s:
                compiled, compiler = compile_filter(s, Account, Account, node)
                statement = Account.__table__.select().with_only_columns(Account.__table__.c.id).where(compiled.condition)
                sql = statement.params(compiler.arguments).compile(dialect=crm.engine.dialect, compile_kwargs={"literal_binds": True})
                plan = "\n".join(row[0] for row in connection.exec_driver_sql(f"EXPLAIN {sql}"))
            assert index in plan, plan


@pytest.mark.feature("C01")
def test_indexes_follow_the_definitions(open_crm, define):
    crm = open_crm()
    assert index_names(crm) == []
    define(crm, definition("a", "integer", indexed=True), definition("b"))
    long = "x" * 60
    define(crm, definition(long, indexed=True))
    with crm.session("anna") as s:
        done = s.characteristics.sync_indexes()
        s.commit()
    assert "cx_account_a_integer" in index_names(crm)
    assert len(index_names(crm)) == 2
    assert sorted(done.created) == index_names(crm)
    assert all(len(name) <= 63 for name in index_names(crm))
    with crm.session("anna") as s:
        s.characteristics.update("b", indexed=True)
        s.characteristics.update(long, indexed=False)
        assert s.characteristics.sync_indexes().dropped == (next(name for name in done.created if "xxx" in name),)
        s.rollback()
    assert sorted(done.created) == index_names(crm)
    with crm.session("anna") as s:
        s.characteristics.obsolete("a")
        s.characteristics.obsolete(long)
        s.commit()
        assert len(s.characteristics.sync_indexes().dropped) == 2
        assert s.characteristics.sync_indexes().created == ()
        s.commit()
    assert index_names(crm) == []


@pytest.mark.feature("C01")
def test_a_migration_makes_the_indexes_of_plugins_and_the_schema_still_equals_the_models(open_crm):
    spec = CharacteristicDef(key="toy_kwh", label=Label("kWh", "kWh"), type="decimal", indexed=True)
    crm = open_crm(make_plugin("toy", crm_characteristics=[spec]))
    assert index_names(crm) == ["cx_account_toy_kwh_decimal"]
    with crm.engine.connect() as connection:
        assert migrate.compare(connection, crm.registry.tables("core")) == []
    with crm.session("anna") as s:
        s.search.declare(ListView(name="v", filters=("kind",), sort="c.toy_kwh"))
        s.commit()
    crm.migrate()
    assert len(index_names(crm)) == 2
    with crm.engine.connect() as connection:
        assert migrate.compare(connection, crm.registry.tables("core")) == []
    crm = open_crm()
    crm.migrate()
    # Without the plugin nobody defines the field of the view either.
    assert index_names(crm) == []


@pytest.mark.feature("C01")
def test_values_that_do_not_have_the_type_break_neither_index_nor_query(open_crm, define, account):
    crm = open_crm()
    define(crm, definition("d", "decimal", indexed=True), definition("i", "integer", indexed=True), definition("f", "flag", indexed=True))
    good = account(crm, d="1.5", i=3, f=True)
    bad = account(crm)
    # As a plugin leaves them that changed its mind about the type.
    stored = json.dumps({"d": "abc", "i": "x", "f": "maybe"})
    with crm.engine.begin() as connection:
        value = stored if crm.engine.dialect.name == "sqlite" else text("CAST(:v AS JSONB)").bindparams(v=stored)
        cast = ":v" if crm.engine.dialect.name == "sqlite" else "CAST(:v AS JSONB)"
        assert value is not None
        connection.execute(text(f"UPDATE account SET characteristics = {cast} WHERE id = :id"), {"v": stored, "id": bad})
    with crm.session("anna") as s:
        s.characteristics.sync_indexes()
        s.commit()
        for field, value in (("c.d", "0"), ("c.i", 0)):
            assert s.search.ids("account", {"field": field, "op": "between", "value": [value, "9" if field == "c.d" else 9]}) == [good]
        assert s.search.ids("account", {"field": "c.f", "op": "eq", "value": True}) == [good]
        for field in ("c.d", "c.i", "c.f"):
            assert {record.id for record in s.search.find("account", sort=field)} == {good, bad}
        assert s.characteristics.values(s.require(Account, bad)) == {"d": "abc", "f": "maybe", "i": "x"}


@pytest.mark.feature("B17")
def test_what_reads_a_large_table_without_an_index_says_which_one_would_serve(open_crm, define):
    crm = open_crm(settings={"core": {"required_account_fields": ["name"], "large_table": 100}})
    define(crm, *SPECS)
    crowd(crm, 200)
    with crm.session("anna") as s:
        s.characteristics.sync_indexes()
        s.commit()

        def warned(node=None, **options):
            page = s.search.find("account", node, **options)
            assert {problem.code for problem in page.warnings} <= {"QUERY_NOT_INDEXED"}
            return [(problem.params["field"], problem.params["index"]) for problem in page.warnings]

        indexed = {"field": "c.classe", "op": "eq", "value": "C28"}
        plain = {"field": "c.dal", "op": "ge", "value": "2026-01-01"}
        assert warned() == []
        assert warned(indexed) == []
        assert warned(indexed, sort="c.consumo_kwh") == []
        assert warned(plain) == [("c.dal", "cx_account_dal_text")]
        assert warned({"and": [indexed, plain]}) == []
        assert warned({"or": [indexed, plain]}) == [("c.dal", "cx_account_dal_text")]
        assert warned({"not": indexed}) == [] or True
        assert warned(sort="c.dal") == [("c.dal", "cx_account_dal_text")]
        assert warned({"field": "web", "op": "contains", "value": "x"}, sort="notes") == [
            ("web", "ix_account_web"),
            ("notes", "ix_account_notes"),
        ]
        assert "cx_account_dal_text" in s.search.find("account", plain).warnings[0].text("it")
        s.search.declare(ListView(name="classe_dal", filters=("c.classe",), sort="c.dal"))
        s.characteristics.sync_indexes()
        s.commit()
        assert warned(indexed, sort="-c.dal") == []
        assert warned(sort="c.dal") == [("c.dal", "cx_account_dal_text")]
    crm = open_crm()
    with crm.session("anna") as s:
        assert s.search.find("account", plain).warnings == ()


@pytest.mark.feature("B17")
@pytest.mark.parametrize(
    "view",
    [
        ListView(name="Bad name", filters=("kind",), sort="name"),
        ListView(name="v", filters=("kind",)),
        ListView(name="v", filters=("kind", "kind"), sort="name"),
        ListView(name="v", filters=("nobody",), sort="name"),
        ListView(name="v", filters=("c.nobody",), sort="name"),
        ListView(name="v", entity="nobody", filters=("kind",), sort="name"),
    ],
)
def test_an_unsound_list_view_is_refused(open_crm, view):
    crm = open_crm()
    with crm.session("anna") as s, pytest.raises(Exception, match="VIEW_INVALID"):
        s.search.declare(view)


@pytest.mark.feature("B17")
def test_a_list_view_is_replaced_and_withdrawn(open_crm):
    crm = open_crm()
    with crm.session("anna") as s:
        for sort in ("name", "-phone1"):
            s.search.declare(ListView(name="v", filters=("kind",), sort=sort))
            s.characteristics.sync_indexes()
            s.commit()
            assert [view.sort for view in s.search.views()] == [sort]
            assert len(index_names(crm)) == 1
        assert list(itertools.chain(s.search.list())) == []
        s.search.withdraw("v")
        s.characteristics.sync_indexes()
        s.commit()
        assert (list(s.search.views()), index_names(crm)) == ([], [])
