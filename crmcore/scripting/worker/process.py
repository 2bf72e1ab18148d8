"""One worker process, seen from its parent: start it, ask it one thing at a time, end it."""

from __future__ import annotations

import enum
import os
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, NoReturn

import attrs

from crmcore.errors import StartError
from crmcore.scripting.locked.bounds import REQUIRED
from crmcore.scripting.locked.frames import HEADER, LARGEST, BadFrame, decode, encode

_BOOT: Final = "import sys; sys.path[:] = {path!r}; from crmcore.scripting.locked.child import main; main()"
_NOT_LINUX: Final = f"{sys.platform} has no filter of system calls that is supported"
_START_SECONDS: Final = 30.0
_END_SECONDS: Final = 0.5
_BLOCK: Final = 1 << 16


class WorkerUnavailable(StartError):
    """Say that no locked worker can be had on this system, or that one did not start; ``reason`` is English."""

    default_code = "SCRIPT_ISOLATION_UNAVAILABLE"

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason=reason)

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (self.reason,)


class Loss(enum.Enum):
    """How a worker was lost."""

    TIMEOUT = "timeout"
    MEMORY = "memory"
    ENDED = "ended"
    FILTERED = "filtered"
    """The system ended it, over a call that nobody makes by mistake."""
    PROTOCOL = "protocol"
    """It sent what no honest one sends."""
    FAULT = "fault"
    """Its own code failed: a bug of an engine, or somebody broke into it."""


class WorkerGone(Exception):
    """Say that a worker was lost with the request it had."""

    def __init__(self, reason: str, loss: Loss) -> None:
        self.reason = reason
        self.loss = loss
        super().__init__(reason)


class WorkerStale(Exception):
    """Say that a worker was of no use before it was sent anything: the request may be given to another one."""

    def __init__(self, *, suspicious: bool) -> None:
        self.suspicious = suspicious
        """Whether it spoke before it was asked: somebody left an answer behind."""
        super().__init__("it spoke before it was asked" if suspicious else "it had ended")


@attrs.frozen(kw_only=True)
class WorkerPlan:
    """Say what workers are made of and what they may use.

    ``engines`` is kind → ``module:attribute``. ``memory`` is in bytes beyond what a warm worker has. A worker is replaced after ``jobs``
    requests or ``cpu_seconds`` of processor time; the system ends it at three times as much.
    """

    engines: Mapping[str, str]
    memory: int = 192 * 2**20
    cpu_seconds: int = 20
    jobs: int = 5_000
    python: str = ""
    """The interpreter, where `sys.executable` is something else, as in hosts that embed Python."""


class WorkerProcess:
    """A running worker. Not for several threads at once."""

    def __init__(self, plan: WorkerPlan) -> None:
        """Start a process and wait until it is locked down.

        The thread that calls this must outlive the worker: the system ends the worker with it, as it ends it with the whole parent.

        Raises:
            WorkerUnavailable: with the reason.
        """
        if sys.platform != "linux":
            raise WorkerUnavailable(_NOT_LINUX)
        self.plan = plan
        self.tenant: str | None = None
        """For whom it worked; it never works for anybody else."""
        self.jobs = 0
        self.walls: Mapping[str, str] = MappingProxyType({})
        ours, theirs = socket.socketpair()
        try:
            # A fixed command of our own. Isolated, without site and without an environment: what it imports is said here.
            self._process = subprocess.Popen(  # noqa: S603
                [plan.python or sys.executable, "-I", "-S", "-B", "-c", _BOOT.format(path=_path())],
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env={},
                cwd="/",
                start_new_session=True,
            )
        except OSError as error:
            ours.close()
            raise WorkerUnavailable(str(error)) from None
        finally:
            theirs.close()
        self._socket = ours
        try:
            self.walls = self._begin()
        except BaseException:
            self.kill()
            raise

    @property
    def pid(self) -> int:
        """The number of the process."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether it runs, as far as the system knows."""
        return self._process.poll() is None

    @property
    def worn(self) -> bool:
        """Whether it has done enough: a fresh one takes its place before the system's own limit ends it in the middle of a request."""
        if self.jobs >= self.plan.jobs:
            return True
        try:
            # The clock of another process (clock_getcpuclockid(3)): the worker's own word is not asked for.
            return time.clock_gettime((~self.pid << 3) | 2) >= self.plan.cpu_seconds
        except OSError:
            return True

    def ask(self, request: bytes, seconds: float) -> dict[str, Any]:
        """Send a request and return its answer, a map with text keys that nothing else is known about.

        Raises:
            WorkerStale: when it was dead before.
            WorkerGone: when it is lost; it was killed, and the request may have been the reason.
        """
        nonce = os.urandom(16)
        self.send(request, nonce, seconds)
        return self.receive(nonce, seconds)

    def send(self, request: bytes, nonce: bytes, seconds: float) -> None:
        """Send a request, and do not wait for its answer.

        Raises:
            WorkerStale: when it was dead before, or has something to say before it is asked.
            WorkerGone: when it does not take it.
        """
        self._check_silent()
        self.jobs += 1
        self._socket.settimeout(seconds)
        try:
            self._socket.sendall(HEADER.pack(len(request), nonce) + request)
        except TimeoutError:
            self._lose("it took no request in time", Loss.TIMEOUT)
        except OSError:
            self._lose("it ended while it was sent a request", Loss.ENDED)

    def receive(self, nonce: bytes, seconds: float) -> dict[str, Any]:
        """Return the answer to the request that was sent with ``nonce``.

        Raises:
            WorkerGone: when none comes in time, or another one.
        """
        until = time.monotonic() + seconds
        data = self._read(HEADER.size, until)
        length, got = HEADER.unpack(data[: HEADER.size])
        if got != nonce or length > LARGEST:
            self._lose("it answered something that it was not asked", Loss.PROTOCOL)
        rest = data[HEADER.size :]
        rest += self._read(length - len(rest), until) if len(rest) < length else b""
        if len(rest) > length:
            self._lose("it said more than its answer", Loss.PROTOCOL)
        try:
            answer = decode(rest)
        except BadFrame as error:
            self._lose(f"its answer cannot be read: {error}", Loss.PROTOCOL)
        if type(answer) is not dict:
            self._lose("its answer is no answer", Loss.PROTOCOL)
        return answer

    def kill(self) -> None:
        """End it at once, and forget it."""
        self._process.kill()
        self._socket.close()
        self._process.wait()

    def abandon(self) -> None:
        """Let go of a worker that belongs to another process, after a fork."""
        self._socket.close()
        # Not our child: waiting for it would fail, and the destructor would complain.
        self._process.returncode = 0

    def _begin(self) -> Mapping[str, str]:
        start = {
            "engines": dict(self.plan.engines),
            "memory": self.plan.memory,
            "cpu_seconds": 3 * self.plan.cpu_seconds,
        }
        try:
            answer = self.ask(encode(start), _START_SECONDS)
        except (WorkerGone, WorkerStale) as error:
            message = f"the worker did not start: {error}"
            raise WorkerUnavailable(message) from None
        self.jobs = 0
        if "failed" in answer:
            raise WorkerUnavailable(str(answer["failed"]))
        walls = {str(name): str(reason) for name, reason in answer["walls"].items()}
        missing = sorted(name for name in REQUIRED if walls.get(name, "not there"))
        if missing or not _filtered(self.pid):
            message = f"the worker cannot be locked down: {', '.join(missing) or 'the filter is not active'}"
            raise WorkerUnavailable(message)
        return MappingProxyType(walls)

    def _check_silent(self) -> None:
        self._socket.settimeout(0)
        try:
            early = self._socket.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return
        except OSError:
            early = b""
        self.kill()
        raise WorkerStale(suspicious=bool(early))

    def _read(self, least: int, until: float) -> bytes:
        data = bytearray()
        while len(data) < least:
            left = until - time.monotonic()
            if left <= 0:
                self._lose("it did not answer in time", Loss.TIMEOUT)
            self._socket.settimeout(left)
            try:
                part = self._socket.recv(_BLOCK)
            except TimeoutError:
                continue
            except OSError:
                part = b""
            if not part:
                self._lose("it ended", Loss.ENDED)
            data += part
        return bytes(data)

    def _lose(self, reason: str, loss: Loss) -> NoReturn:
        # One that is ending by itself may take a moment to be gone; only then is it known why.
        if loss is Loss.ENDED:
            self._wait_for_end()
        self.kill()
        code = self._process.returncode
        if loss is Loss.ENDED:
            loss = Loss.FILTERED if code == -_SIGSYS else loss
            reason = f"{reason} (code {code})"
        raise WorkerGone(reason, loss)

    def _wait_for_end(self) -> None:
        try:
            self._process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            # It closed the socket and goes on: then it is killed.
            return


_SIGSYS: Final = 31


def _filtered(pid: int) -> bool:
    """Return whether the kernel says that a process has a filter of system calls: its own word is not enough."""
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    except OSError:
        return False
    fields = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    return fields.get("Seccomp") == "2" and fields.get("NoNewPrivs") == "1"


def _path() -> list[str]:
    """Return where the worker imports from: the same places as we, made absolute, because it starts elsewhere."""
    return [str(Path(place).absolute()) for place in sys.path]
