"""Revisions are read and judged without importing them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from crmcore.errors import StartError
from crmcore.hooks import Migrations
from crmcore.migrate import check_migrations, heads

from .fake_plugins import CORE, Package

NOTHING = ("", "")


def codes(plugin: str, migrations: Migrations) -> list[str]:
    return [problem.code for problem in check_migrations(plugin, migrations)]


@pytest.mark.feature("P2.5")
def test_the_core_has_one_head_and_no_problem() -> None:
    assert check_migrations("core", CORE) == []
    assert heads(CORE) == "core_0001"


@pytest.mark.feature("P2.5")
def test_a_line_of_revisions_ends_in_its_head(package: Package) -> None:
    migrations = package("alpha", {"alpha_0001": NOTHING, "alpha_0002": NOTHING, "alpha_0003": NOTHING})
    assert check_migrations("alpha", migrations) == []
    assert heads(migrations) == "alpha_0003"


@pytest.mark.feature("P2.5", "P2.4")
def test_two_heads_are_refused_by_name(package: Package) -> None:
    revisions = {"alpha_0001": NOTHING, "alpha_0002": NOTHING, "alpha_0003": NOTHING}
    migrations = package("alpha", revisions, follows={"alpha_0003": "alpha_0001"})
    [problem] = check_migrations("alpha", migrations)
    assert problem.code == "MIGRATIONS_HEADS"
    assert problem.plugin == "alpha"
    assert problem.params == {"count": 2, "heads": "alpha_0002, alpha_0003"}
    with pytest.raises(StartError, match="alpha_0002, alpha_0003"):
        heads(migrations)


@pytest.mark.feature("P2.5", "P2.4")
@pytest.mark.parametrize("revision", ["alpha_" + "x" * 27, "beta_0001", "0001"])
def test_ids_that_are_too_long_or_somebody_elses_are_refused(package: Package, revision: str) -> None:
    [problem] = check_migrations("alpha", package("alpha", {revision: NOTHING}))
    assert problem.code == "MIGRATIONS_REVISION"
    assert problem.params == {"revision": revision, "prefix": "alpha_"}


@pytest.mark.feature("P2.5")
def test_an_id_of_32_characters_is_taken(package: Package) -> None:
    assert check_migrations("alpha", package("alpha", {"alpha_" + "x" * 26: NOTHING})) == []


@pytest.mark.feature("P2.5", "P2.4")
@pytest.mark.parametrize(
    ("migrations", "reason"),
    [
        (Migrations("no_such_package"), "there is no such package"),
        (Migrations("no_such_package.inside"), "cannot be found"),
        (Migrations("crmcore", "no_such_folder"), "there is no folder 'no_such_folder'"),
        (Migrations("crmcore", "events"), "has no `revision`"),
        (Migrations("crmcore.app"), "not"),
        (Migrations("..."), "cannot be found"),
    ],
)
def test_a_folder_that_is_not_there_is_refused_with_the_reason(migrations: Migrations, reason: str) -> None:
    [problem] = check_migrations("alpha", migrations)
    assert problem.code == "MIGRATIONS_FOLDER"
    assert reason in str(problem)


@pytest.mark.feature("P2.5", "P2.4")
def test_an_empty_folder_is_refused(package: Package) -> None:
    [problem] = check_migrations("alpha", package("alpha", {}))
    assert problem.code == "MIGRATIONS_FOLDER"
    assert "holds no revision" in str(problem)


@pytest.mark.feature("P2.5", "P2.4")
@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("revision = (", "cannot be read"),
        ("revision = make()\ndown_revision = None\n", "cannot be read"),
        ("down_revision = None\n", "has no `revision`"),
        ("revision = 'alpha_0001'\ndown_revision = 7\n", "neither text nor None"),
        ("revision = 'alpha_0001'\ndown_revision = 'alpha_0000'\n", "follows 'alpha_0000', which does not exist"),
        ("revision = 'alpha_0001'\ndown_revision = 'alpha_0001'\n", "circle"),
        ("revision = 'alpha_0001'\ndown_revision = None\ndepends_on = 'core_0001'\n", "sets depends_on"),
    ],
)
def test_a_file_that_is_no_revision_is_refused_by_name(package: Package, tmp_path: Path, text: str, reason: str) -> None:
    migrations = package("alpha", {})
    (tmp_path / "packages/alpha/migrations/alpha_0001_bad.py").write_text(text)
    found = check_migrations("alpha", migrations)
    assert {problem.code for problem in found} == {"MIGRATIONS_FOLDER"}
    assert any(reason in str(problem) for problem in found), found


@pytest.mark.feature("P2.5", "P2.4")
def test_the_same_id_in_two_files_is_refused(package: Package, tmp_path: Path) -> None:
    migrations = package("alpha", {"alpha_0001": NOTHING})
    folder = tmp_path / "packages/alpha/migrations"
    (folder / "copy.py").write_text((folder / "alpha_0001_step.py").read_text())
    [problem] = check_migrations("alpha", migrations)
    assert "alpha_0001_step.py and in copy.py" in str(problem)


@pytest.mark.feature("P2.5", "P2.4")
def test_a_circle_beside_the_line_is_refused(package: Package) -> None:
    revisions = {"alpha_0001": NOTHING, "alpha_0002": NOTHING, "alpha_0003": NOTHING}
    migrations = package("alpha", revisions, follows={"alpha_0002": "alpha_0003"})
    [problem] = check_migrations("alpha", migrations)
    assert "alpha_0002, alpha_0003" in str(problem)


@pytest.mark.feature("P2.5")
@pytest.mark.parametrize(
    "text",
    [
        "revision: str = 'alpha_0001'\ndown_revision: str | None = None\n",
        'revision="alpha_0001"  # a remark\ndown_revision=None\n',
        "revision = 'alpha_' '0001'\ndown_revision = (\n)\n",
        "'''Words:\nrevision = 'other'\n'''\nrevision = 'alpha_0001'\ndown_revision = None\n",
    ],
)
def test_revisions_are_read_however_they_are_written(package: Package, tmp_path: Path, text: str) -> None:
    migrations = package("alpha", {})
    (tmp_path / "packages/alpha/migrations/a.py").write_text(text)
    assert codes("alpha", migrations) == []
    assert heads(migrations) == "alpha_0001"


@pytest.mark.feature("P2.5")
def test_asking_where_a_database_is_does_not_import_alembic() -> None:
    code = """
import sys
from sqlalchemy import create_engine
from crmcore.hooks import Migrations
from crmcore.migrate import check_migrations, status
core = Migrations("crmcore.migrate", "versions")
assert not check_migrations("core", core)
with create_engine("sqlite://").connect() as connection:
    [state] = status(connection, {"core": core})
assert (state.current, state.head) == (None, "core_0001")
assert "alembic" not in sys.modules
assert "crmcore.migrate.versions" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True)
