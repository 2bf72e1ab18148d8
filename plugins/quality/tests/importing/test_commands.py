"""Lists from the command line, with the mapping of a deployment."""

from __future__ import annotations

import json
import shutil

import pytest
from click.testing import CliRunner

from crmcore.cli import crm as root

from .conftest import DATA

pytestmark = pytest.mark.feature("J05", "N02")

CONFIG = """
portfolios:
  BU1:
    RESID: Residenziale
quality.imports:
  lista:
    label: Lista di prova
    portfolio: {1: GENERICO}
    columns:
      Nome: name
      Telefono: phone
      Città: municipality
      Consumo: {field: c.kwh, values: {boh: null}, default: "0"}
    characteristics:
      kwh: {label: Consumo, type: decimal, unit: kWh}
"""
LIST = "Nome;Telefono;Città;Consumo\nRossi;0424 000012;Forlì;1.037,25\nBianchi;0424 000013;;boh\nVerdi;;;\nNeri;0424 000012;;\n"


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "crm.yaml").write_text("database: sqlite:///crm.db\nplugins: [italy, quality]\ninclude: [config.yaml]\nlang: en\n")
    (tmp_path / "config.yaml").write_text(CONFIG)
    (tmp_path / "lista.csv").write_text(LIST, encoding="cp1252")
    runner = CliRunner()

    def command(*words, code=0):
        result = runner.invoke(root, [str(word) for word in words], catch_exceptions=False)
        assert result.exit_code == code, result.output
        return result

    command("migrate")
    plan = json.loads(command("--json", "plan", code=6).stdout)
    command("apply", "--plan", plan["hash"])
    return command


def test_a_mapping_of_the_deployment_imports_a_list_and_shows_what_became_of_it(run):
    assert run("plan").exit_code == 0
    detected = json.loads(run("--json", "quality", "detect", "lista.csv").stdout)
    fields = {column: each["field"] for column, each in detected["mapping"]["columns"].items()}
    assert fields == {"Nome": "name", "Telefono": "phone", "Città": "municipality", "Consumo": "c.consumo"}
    assert detected["mapping"]["characteristics"]["consumo"]["type"] == "text"
    preview = json.loads(run("--json", "quality", "import", "preview", "lista.csv", "-m", "lista").stdout)
    done = json.loads(run("--json", "quality", "import", "run", "lista.csv", "-m", "lista").stdout)
    assert preview["counts"] == done["counts"] == {"created": 2, "rejected": 1, "duplicate": 1}
    assert done["values"] == {"kwh": 2}
    shown = run("quality", "import", "report", done["id"]).output
    assert "line 5 repeats line 2" in shown
    assert "the row has none of the keys: phone" in shown
    run("quality", "import", "report", done["id"], "--output", "esito.xlsx")
    assert [row["state"] for row in json.loads(run("--json", "quality", "import", "list").stdout)] == ["done", "preview"]
    assert json.loads(run("--json", "quality", "import", "undo", done["id"]).stdout)["state"] == "undone"
    refused = run("--json", "quality", "import", "resume", done["id"], code=1)
    assert json.loads(refused.stderr)["error"]["problems"][0]["code"] == "QUALITY_IMPORT_STATE"


def test_a_proposal_is_kept_and_what_is_wrong_with_a_mapping_is_shown_with_its_line(run, tmp_path):
    run("quality", "detect", "lista.csv", "--save", "mia", "--save-as", "mia.yaml")
    assert json.loads(run("--json", "quality", "import", "run", "lista.csv", "-m", "mia").stdout)["counts"]["created"] == 2
    (tmp_path / "config.yaml").write_text((tmp_path / "config.yaml").read_text().replace("Telefono: phone", "Telefono: fono"))
    problems = run("plan", code=3).output
    assert "there is no field 'fono'" in problems
    assert "config.yaml:" in problems


@pytest.mark.feature("S03")
def test_the_example_of_the_call_centre_takes_the_list_of_the_story(tmp_path, monkeypatch):
    shutil.copytree(DATA.parent / "deployments" / "call-center", tmp_path / "firm")
    monkeypatch.chdir(tmp_path / "firm")
    runner = CliRunner()

    def command(*words):
        return runner.invoke(root, [str(word) for word in words], catch_exceptions=False)

    assert command("migrate").exit_code == 0
    plan = json.loads(command("--json", "plan").stdout)
    assert command("apply", "--plan", plan["hash"]).exit_code == 0
    done = json.loads(command("--json", "quality", "import", "run", DATA / "lista4000.csv", "-m", "lista-energia").stdout)
    assert done["counts"] == {"created": 3944, "rejected": 16, "duplicate": 40}
    assert done["portfolios"] == {"RESID": 1974, "MICRO": 1960, "GENERICO": 10}
