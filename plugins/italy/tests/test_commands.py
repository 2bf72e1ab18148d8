"""`crm italy municipalities`."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from crmcore.cli import crm as root

pytestmark = pytest.mark.feature("D05")

HEAD = "Codice Comune formato alfanumerico;Denominazione in italiano;Denominazione altra lingua;Sigla automobilistica;"
HEAD += "Codice Catastale del comune\n"


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "crm.yaml").write_text("database: sqlite:///crm.db\nplugins: [italy]\n")
    runner = CliRunner()
    assert runner.invoke(root, ["migrate"], catch_exceptions=False).exit_code == 0

    def command(*words):
        return runner.invoke(root, ["--json", "italy", "municipalities", *words], catch_exceptions=False)

    return command


def test_a_name_shows_homonyms_and_former_names(run):
    rows = json.loads(run("--name", "Castro").stdout)
    assert [row["municipality"] for row in rows if row["istat"]] == ["Castro (BG)", "Castro (LE)"]
    [ceased] = [row for row in json.loads(run("--name", "Acquarica del Capo").stdout) if not row["istat"]]
    assert ceased["change"] == "until 2019-05-14"


def test_a_newer_list_is_compared(run, tmp_path):
    (tmp_path / "istat.csv").write_text(HEAD + "024012;Bassano;;VI;A703\n999001;Nuova;;VI;Z999\n")
    rows = json.loads(run("--compare", "istat.csv").stdout)
    changes = {row["municipality"]: row["change"] for row in rows}
    assert (changes["Bassano (VI)"], changes["Nuova (VI)"], changes["Padova (PD)"]) == ("changed", "new", "gone")
    assert len(rows) == 7898


def test_another_file_is_refused(run, tmp_path):
    (tmp_path / "other.csv").write_text("a;b\n")
    result = run("--compare", "other.csv")
    assert result.exit_code == 2
    assert "no column is called" in result.output
