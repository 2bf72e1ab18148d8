"""The PostgreSQL of the tests is found or started, never as root, and leaves nothing behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import create_engine, make_url

from crmcore.testing import postgres
from crmcore.testing.databases import KINDS, Kind, Template, TestDatabases
from crmcore.testing.postgres import PostgresMissing, PostgresServer, find_server

SERVE = """
import sys
from crmcore.testing.postgres import PostgresServer, find_server
server = find_server()
if not isinstance(server, PostgresServer):
    sys.exit(str(server))
print(server.folder, flush=True)
{then}
"""


def serve(then: str) -> subprocess.Popen[str]:
    environment = {key: value for key, value in os.environ.items() if key != postgres.URL_VARIABLE}
    return subprocess.Popen(
        [sys.executable, "-c", SERVE.format(then=then)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    )


@pytest.fixture
def own_server(databases: TestDatabases) -> PostgresServer:
    """The server that this session started; without one, there is nothing to look at here."""
    server = databases.postgres()
    if server.folder is None:
        pytest.skip("the server was named, not started")
    return server


@pytest.mark.feature("P2.2")
@pytest.mark.parametrize(("then", "stop"), [("", None), ("raise SystemExit(3)", None), ("sys.stdin.read()", signal.SIGINT)])
@pytest.mark.usefixtures("own_server")
def test_a_started_server_goes_with_its_process(then: str, stop: signal.Signals | None) -> None:
    process = serve(then if stop is None else "import time; time.sleep(60)")
    assert process.stdout is not None
    folder = Path(process.stdout.readline().strip())
    assert folder.name.startswith("crmpg-")
    if stop is not None:
        pid = int((folder / "data/postmaster.pid").read_text().split()[0])
        process.send_signal(stop)
        process.communicate(timeout=30)
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
    else:
        process.communicate(timeout=30)
    assert not folder.exists()


@pytest.mark.feature("P2.2")
def test_a_started_server_is_not_run_as_root_and_listens_on_its_socket_only(own_server: PostgresServer) -> None:
    assert own_server.folder is not None
    assert own_server.folder.stat().st_uid != 0
    assert own_server.folder.stat().st_mode & 0o077 == 0
    url = make_url(own_server.url).set(drivername="postgresql").render_as_string()
    with psycopg.connect(url) as connection:
        found = [connection.execute(f"SHOW {name}").fetchone() for name in ("listen_addresses", "fsync")]
    assert found == [("",), ("off",)]


@pytest.mark.feature("P2.2")
@pytest.mark.usefixtures("own_server")
def test_a_durable_server_waits_for_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(postgres.URL_VARIABLE, raising=False)
    server = find_server(durable=True)
    assert isinstance(server, PostgresServer)
    url = make_url(server.url).set(drivername="postgresql").render_as_string()
    with psycopg.connect(url) as connection:
        assert connection.execute("SHOW fsync").fetchone() == ("on",)
    server.stop()
    server.stop()
    assert server.folder is not None
    assert not server.folder.exists()


@pytest.mark.feature("P2.2")
def test_a_named_server_is_used_and_left_running(databases: TestDatabases, monkeypatch: pytest.MonkeyPatch) -> None:
    url = databases.postgres().url
    monkeypatch.setenv(postgres.URL_VARIABLE, url.replace("postgresql+psycopg:", "postgresql:"))
    named = find_server()
    assert isinstance(named, PostgresServer)
    assert (make_url(named.url), named.folder) == (make_url(url), None)
    named.stop()
    assert isinstance(find_server(), PostgresServer)


@pytest.mark.feature("P2.2")
def test_a_named_server_that_does_not_answer_is_a_failure_not_a_skip(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.setenv(postgres.URL_VARIABLE, f"postgresql://nobody@/none?host={tmp_path}")
    missing = find_server()
    assert isinstance(missing, PostgresMissing)
    with pytest.raises(pytest.fail.Exception, match=r"the server of CRM_TEST_POSTGRES_URL does not answer"):
        missing.skip_or_fail()


@pytest.mark.feature("P2.2")
@pytest.mark.parametrize(
    ("ci", "outcome"), [("true", pytest.fail.Exception), ("", pytest.skip.Exception), ("false", pytest.skip.Exception)]
)
def test_no_server_is_a_failure_in_ci_and_a_skip_elsewhere(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, ci: str, outcome: type[BaseException]
) -> None:
    monkeypatch.setenv("CI", ci)
    monkeypatch.delenv(postgres.URL_VARIABLE, raising=False)
    monkeypatch.setattr(postgres, "_places", lambda: iter([tmp_path]))
    databases = TestDatabases(find_server)
    with pytest.raises(outcome, match="no binaries found; install PostgreSQL"), databases.fresh("postgresql", tmp_path):
        pass
    with databases.fresh("sqlite", tmp_path) as url:
        assert url.startswith("sqlite:///")


@pytest.mark.feature("P2.2")
def test_a_database_is_removed_although_somebody_is_connected(databases: TestDatabases, kind: Kind, tmp_path: Path) -> None:
    with databases.fresh(kind, tmp_path) as url:
        engine = create_engine(url)
        connection = engine.connect()
        connection.exec_driver_sql("CREATE TABLE t (id INTEGER)")
        connection.commit()
    connection.invalidate()
    connection.close()
    engine.dispose()
    if kind == "sqlite":
        assert list(tmp_path.iterdir()) == []
    else:
        admin = create_engine(databases.postgres().url)
        with admin.connect() as looking:
            name = make_url(url).database
            assert looking.exec_driver_sql("SELECT count(*) FROM pg_database WHERE datname = %s", (name,)).scalar_one() == 0
        admin.dispose()


@pytest.mark.feature("P2.2")
def test_a_template_that_fails_is_not_kept(databases: TestDatabases, tmp_path: Path) -> None:
    calls: list[str] = []

    def prepare(url: str) -> None:
        calls.append(url)
        message = "on purpose"
        raise LookupError(message)

    template = Template("test_a_template_that_fails", prepare)
    for kind in KINDS:
        for _ in range(2):
            with pytest.raises(LookupError):
                databases.create(kind, tmp_path, template)
    assert len(calls) == 4
