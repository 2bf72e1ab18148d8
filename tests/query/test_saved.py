"""Saved searches: kept, shared, run, and changed by their owners alone."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from crmcore import Account, ValidationFailed
from crmcore.errors import RecordNotFound, UsageError
from crmcore.model import SavedSearch
from tests.query.conftest import definition

NODE = {"field": "c.n", "op": "ge", "value": 2}


@pytest.fixture
def filled(open_crm, define):
    crm = open_crm()
    define(crm, definition("n", "integer"))
    with crm.session("anna") as s:
        for number in range(4):
            s.add(Account(name=f"A{number}", characteristics={"n": number}))
        s.commit()
    return crm


@pytest.mark.feature("B17")
def test_a_search_is_kept_and_run_page_by_page(filled):
    with filled.session("anna") as s:
        s.search.save("grandi", NODE, sort="-c.n")
        s.commit()
    with filled.session("anna") as s:
        page = s.search.run("grandi", page=1, count="exact")
        assert ([record.name for record in page], page.count.value) == (["A3"], 2)
        assert [record.name for record in s.search.run("grandi", page=1, after=page.next)] == ["A2"]
        s.search.save("nomi", NODE, sort="name", columns=["name", "c.n"])
        s.commit()
        assert list(s.search.run("nomi")) == [("A2", 2), ("A3", 3)]


@pytest.mark.feature("B17")
def test_a_shared_search_is_for_all_and_belongs_to_its_owner(filled):
    with filled.session("anna") as s:
        s.search.save("mia", NODE)
        s.search.save("nostra", NODE, shared=True)
        s.commit()
    with filled.session("bruno") as s:
        assert [(row.owner, row.name) for row in s.search.list()] == [("anna", "nostra")]
        assert len(s.search.run("nostra")) == 2
        for action in (lambda: s.search.run("mia"), lambda: s.search.delete("nostra"), lambda: s.search.run("nostra", owner="carla")):
            with pytest.raises(RecordNotFound):
                action()
        # A search of one's own goes before one that others share.
        s.search.save("nostra", {"field": "c.n", "op": "eq", "value": 0})
        s.commit()
        assert [record.name for record in s.search.run("nostra")] == ["A0"]
        assert len(s.search.run("nostra", owner="anna")) == 2
        theirs = s.scalar(select(SavedSearch).where(SavedSearch.owner == "anna", SavedSearch.shared))
        for change in (lambda row: setattr(row, "shared", False), lambda row: setattr(row, "owner", "bruno"), s.delete):
            change(theirs)
            with pytest.raises(ValidationFailed, match="SEARCH_NOT_YOURS"):
                s.commit()
            theirs = s.scalar(select(SavedSearch).where(SavedSearch.owner == "anna", SavedSearch.shared))
        assert [row.name for row in s.search.find("saved_search", sort="name")] == ["nostra", "nostra"]
    with filled.session("anna") as s:
        s.search.delete("mia")
        s.commit()
        assert [row.name for row in s.search.list()] == ["nostra"]


@pytest.mark.feature("B17")
def test_a_search_is_checked_when_it_is_kept_and_when_it_is_run(filled):
    with filled.session("anna") as s:
        for node, sort in (({"field": "nmae", "op": "eq", "value": 1}, ()), (NODE, "nmae"), ({"x": 1}, ())):
            with pytest.raises(UsageError, match="QUERY_INVALID"):
                s.search.save("x", node, sort=sort)
        s.search.save("x", NODE)
        s.commit()
        with pytest.raises(UsageError, match="SEARCH_NAME"):
            s.search.save("x", NODE)
        s.search.save("x", None, replace=True, shared=True)
        s.commit()
        assert len(s.search.run("x")) == 4
        s.search.save("x", NODE, replace=True)
        s.characteristics.update("n", searchable=False)
        s.commit()
        with pytest.raises(UsageError, match="QUERY_NOT_SEARCHABLE"):
            s.search.run("x")


@pytest.mark.feature("B17", "C08", "C11")
def test_what_a_search_finds_is_the_selection_of_a_mass_change(filled):
    with filled.session("anna") as s:
        preview = s.characteristics.preview(s.search.ids("account", NODE), "n", 9)
        s.changesets.confirm(preview.token)
        s.commit()
    with filled.session("anna") as s:
        assert [record.characteristics["n"] for record in s.search.find("account", sort="name")] == [0, 1, 9, 9]


@pytest.mark.feature("B17", "F04")
def test_a_filter_names_saved_searches(filled):
    with filled.session("anna") as s:
        s.search.save("grandi", NODE, shared=True)
        s.search.save("tutte", None, shared=True)
        s.search.save("zone", None, entity="zone", shared=True)
        s.commit()
        s.search.save("piccole", {"not": {"saved": "grandi"}})
        s.search.save(
            "grandi ma non A3", {"and": [{"saved": "grandi"}, {"not": {"field": "name", "op": "eq", "value": "A3"}}]}, shared=True
        )
        s.commit()

        def names(node):
            return [record.name for record in s.search.find("account", node, sort="name")]

        assert names({"saved": "grandi"}) == ["A2", "A3"]
        assert names({"saved": "piccole"}) == ["A0", "A1"]
        assert names({"saved": "tutte"}) == ["A0", "A1", "A2", "A3"]
        assert names({"or": [{"saved": "grandi ma non A3"}, {"field": "name", "op": "eq", "value": "A0"}]}) == ["A0", "A2"]
        assert s.search.count("account", {"saved": "grandi"}).value == 2
        # The search counts as it is now, not as it was when something named it.
        s.search.save("grandi", {"field": "c.n", "op": "ge", "value": 3}, shared=True, replace=True)
        s.commit()
        assert names({"saved": "piccole"}) == ["A0", "A1", "A2"]
        for node, code in (({"saved": "zone"}, "QUERY_SAVED"), ({"saved": 7}, "QUERY_MALFORMED")):
            with pytest.raises(UsageError) as caught:
                names(node)
            assert [problem.code for problem in caught.value.problems] == [code]
        with pytest.raises(RecordNotFound):
            names({"saved": "nessuna"})
        row = s.scalar(select(SavedSearch).where(SavedSearch.name == "tutte"))
        row.filter = {**row.filter, "filter": {"saved": "tutte"}}
        s.commit()
        with pytest.raises(UsageError) as caught:
            names({"saved": "tutte"})
        assert [problem.code for problem in caught.value.problems] == ["QUERY_SAVED"]
    with filled.session("bruno") as s:
        with pytest.raises(RecordNotFound):
            s.search.find("account", {"saved": "piccole"})
        assert [record.name for record in s.search.find("account", {"saved": "grandi"})] == ["A3"]
