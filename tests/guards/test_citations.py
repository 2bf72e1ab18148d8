"""Every test says what it proves."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from tools import features
from tools.citations import TestCase, read_cases
from tools.features import read_catalogue, unknown_ids

pytestmark = pytest.mark.feature("P2.1")


def test_every_test_cites_what_it_proves():
    bare = [f"{case.file}:{case.line}: {case.name}" for case in read_cases() if not case.ids]
    assert bare == [], "add @pytest.mark.feature(…) to the test, its class, or the module as `pytestmark`"


def test_only_ids_that_exist_are_cited():
    assert [f"{each.test.node} cites {each.id}" for each in unknown_ids(read_catalogue(), read_cases())] == []


def test_the_catalogue_has_all_rows():
    catalogue = read_catalogue()
    assert {name: len(rows) for name, rows in catalogue.sections.items()} == {"features": 161, "invariants": 80, "stories": 18}
    assert sorted({row[0] for row in catalogue.sections["features"]}) == list(catalogue.areas)


@pytest.mark.parametrize(
    ("feature", "known"), [("B12", True), ("I-80", True), ("I-81", False), ("P2.6", True), ("S01", True), ("B99", False)]
)
def test_ids_are_features_invariants_stories_and_items_of_issues(feature, known):
    assert read_catalogue().knows(feature) is known


def test_citations_are_read_from_functions_classes_modules_and_parameters(tmp_path, monkeypatch):
    file = tmp_path / "test_x.py"
    file.write_text(
        "pytestmark = [pytest.mark.slow, pytest.mark.feature('P2.1')]\n"
        "@pytest.mark.feature('A01', 'I-1')\n"
        "def test_one(): ...\n"
        "@pytest.mark.parametrize('x', [pytest.param(1, marks=pytest.mark.feature('A02'))])\n"
        "def test_two(x): ...\n"
        "@pytest.mark.feature('A03')\n"
        "class TestKit(Kit):\n"
        "    def test_three(self): ...\n"
        "def helper(): ...\n"
    )
    monkeypatch.setattr("tools.citations.shown", lambda path: path.name)
    assert [(case.name, case.ids) for case in read_cases([file])] == [
        ("test_one", ("P2.1", "A01", "I-1")),
        ("test_two", ("P2.1", "A02")),
        ("TestKit", ("P2.1", "A03")),
        ("TestKit::test_three", ("P2.1", "A03")),
    ]


def test_the_table_shows_what_is_proved_and_what_is_missing(monkeypatch):
    cases = [TestCase("tests/test_x.py", "test_a", 1, ("B12", "P2.6", "I-24"))]
    monkeypatch.setattr(features, "read_cases", lambda: cases)
    call = CliRunner().invoke
    text = call(features.main, []).output
    assert "features: 1 of 161 proved" in text
    assert "tests/test_x.py::test_a" in text
    assert "P2.6" in text
    missing = call(features.main, ["--missing"]).output
    assert "    B11 " in missing
    assert "    B12 " not in missing
    data = json.loads(call(features.main, ["--json"]).output)
    assert data["features"]["B12"]["tests"] == ["tests/test_x.py::test_a"]
    assert data["issues"] == {"P2.6": {"tests": ["tests/test_x.py::test_a"]}}


def test_an_unknown_id_is_an_error(monkeypatch):
    monkeypatch.setattr(features, "read_cases", lambda: [TestCase("tests/test_x.py", "test_a", 7, ("Z01",))])
    answer = CliRunner().invoke(features.main, [])
    assert answer.exit_code == 1
    assert "tests/test_x.py:7: test_a cites Z01" in answer.output
