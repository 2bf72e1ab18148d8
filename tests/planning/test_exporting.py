"""What leaves the database as files, and what never does."""

from __future__ import annotations

import pytest

from crmcore import ConfigSchema, Crm, Label
from crmcore.deployment import load
from crmcore.errors import ConfigurationError
from crmcore.planning import export_configuration, make_plan
from crmcore.testing.plugins import make_plugin

pytestmark = pytest.mark.feature("P4.6")

SCHEMA = ConfigSchema(
    {
        "url": {"type": "string", "default": "", "label": Label("Indirizzo", "Address"), "help": "…"},
        "password": {
            "type": "string",
            "secret": True,
            "nullable": True,
            "default": None,
            "label": Label("Password", "Password"),
            "help": "…",
        },
        "keys": {
            "type": "list",
            "schema": {"type": "string", "secret": True},
            "default": [],
            "label": Label("Chiavi", "Keys"),
            "help": "…",
        },
    }
)
SECRET = "correct-horse-battery"


@pytest.fixture
def firm(tmp_path):
    (tmp_path / "firm").mkdir()
    (tmp_path / "secret").write_text(SECRET)
    (tmp_path / "firm" / "crm.yaml").write_text(
        "database: sqlite:///crm.db\nplugins: []\n"
        f"settings:\n  toy: {{url: 'https://example.com', password: {SECRET}, keys: [{SECRET}, '${{env:TOY_KEY}}']}}\n"
    )
    return tmp_path / "firm"


def test_secrets_are_exported_as_references(firm, tmp_path):
    deployment = load(firm, environ={"TOY_KEY": SECRET})
    with Crm.open(deployment, plugins=[make_plugin("toy", crm_configuration=SCHEMA)], migrate=True) as crm:
        for path in export_configuration(crm, deployment, tmp_path / "out"):
            assert SECRET not in path.read_text()
    text = (tmp_path / "out" / "crm.yaml").read_text()
    assert 'password: "${env:TOY_PASSWORD}"' in text
    assert '"${env:TOY_KEYS}", "${env:TOY_KEY}"' in text
    assert "https://example.com" in text


def test_a_password_in_an_address_is_exported_as_a_reference(open_crm, tmp_path):
    (tmp_path / "crm.yaml").write_text(f"database: postgresql://crm:{SECRET}@localhost/crm\n")
    export_configuration(open_crm(), load(tmp_path), tmp_path / "out")
    assert 'database: "postgresql://crm:${env:CRM_DB_PASSWORD}@localhost/crm"' in (tmp_path / "out" / "crm.yaml").read_text()
    (tmp_path / "crm.yaml").write_text("database: postgresql://crm:${env:MINE}@localhost/crm\n")
    export_configuration(open_crm(), load(tmp_path, environ={"MINE": SECRET}), tmp_path / "other")
    assert "${env:MINE}" in (tmp_path / "other" / "crm.yaml").read_text()


@pytest.mark.parametrize("reference", ["${env:TOY_KEY}", "${file:../secret}"])
def test_a_reference_in_a_collection_is_refused_and_never_shown(open_crm, deploy, monkeypatch, reference):
    monkeypatch.setenv("TOY_KEY", SECRET)
    with pytest.raises(ConfigurationError) as caught:
        make_plan(open_crm(), deploy(f"zones:\n  VI: {{label: '{reference}'}}\n"))
    assert {problem.code for problem in caught.value.problems} == {"SECRET_REFUSED"}
    assert SECRET not in caught.value.text()


def test_an_export_never_overwrites(open_crm, tmp_path, deploy):
    crm, deployment = open_crm(), deploy("")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "config").mkdir()
    with pytest.raises(ConfigurationError, match="DEPLOYMENT_EXISTS"):
        export_configuration(crm, deployment, tmp_path / "out")
    with pytest.raises(ConfigurationError, match="DEPLOYMENT_EXISTS"):
        export_configuration(crm, deployment, deployment.folder)
