"""A process that has everything imported and forks a child for each scenario: killing a child costs milliseconds, not a start of Python.

It talks JSON lines over its standard streams; children report lines over a pipe each. `Zygote` is the side of the tests.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import time
import traceback
from pathlib import Path

import attrs

PATIENCE = 120.0
"""Seconds after which a child is stuck."""


@attrs.frozen
class Ended:
    """How a child ended: ``killed``, ``done`` or ``failed``; and what it had reported until then, one line each."""

    status: str
    lines: tuple[str, ...]
    at_ns: int
    """When it was certainly dead, on the monotonic clock."""
    lasted: float
    """Seconds from ``ready`` to the end."""

    def all(self, word):
        """Return what follows ``word`` in each reported line that begins with it."""
        return [line.partition(" ")[2] for line in self.lines if line.partition(" ")[0] == word]

    def ok(self):
        """Return this when the child came to its end; raise with its traceback otherwise."""
        assert self.status == "done", "\n".join(self.lines)
        return self


class Zygote:
    """Start scenarios in processes of their own, and kill them."""

    def __init__(self):
        here = str(Path(__file__).parent)
        path = os.pathsep.join(filter(None, [here, os.environ.get("PYTHONPATH", "")]))
        self._process = subprocess.Popen(
            [sys.executable, __file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": path},
        )
        assert self._process.stdout.readline() == "ready\n"

    def run(self, scenario, *, kill_after=None, **arguments):
        """Run a scenario to its end, or kill it so many seconds after it said ``ready``."""
        child = self.start(scenario, **arguments)
        return self.kill(child, kill_after) if kill_after is not None else self.wait(child)

    def start(self, scenario, **arguments):
        """Start a scenario, and return the child when it has said ``ready``."""
        return self._ask("start", scenario=scenario, arguments=arguments)["child"]

    def wait(self, child):
        """Wait until a child ends by itself."""
        return self._ended(self._ask("wait", child=child))

    def kill(self, child, after=0.0):
        """Kill a child after some seconds, unless it ends before."""
        return self._ended(self._ask("kill", child=child, after=after))

    def close(self):
        self._process.stdin.close()
        self._process.wait(PATIENCE)
        self._process.stdout.close()

    def _ask(self, command, **arguments):
        self._process.stdin.write(json.dumps({"command": command, **arguments}) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())

    @staticmethod
    def _ended(answer):
        return Ended(answer["status"], tuple(answer["lines"]), answer["at_ns"], answer["lasted"])


class _Child:
    def __init__(self, pid, pipe):
        self.pid = pid
        self.pipe = pipe
        self.text = b""
        self.open = True
        self.ready = time.monotonic()

    def read(self, seconds):
        """Take what the child reports within some seconds, and return whether its pipe is still open."""
        if self.open and select.select([self.pipe], [], [], max(0.0, seconds))[0]:
            part = os.read(self.pipe, 65536)
            self.text += part
            self.open = bool(part)
        return self.open

    def read_until(self, moment, enough=lambda: False):
        while not enough() and time.monotonic() < moment and self.read(moment - time.monotonic()):
            pass

    def end(self):
        while self.read(PATIENCE):
            pass
        os.close(self.pipe)
        _, status = os.waitpid(self.pid, 0)
        word = "killed" if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL else "done" if status == 0 else "failed"
        # A line that the kill tore in two was never reported.
        return {
            "status": word,
            "lines": self.text.decode().split("\n")[:-1],
            "at_ns": time.monotonic_ns(),
            "lasted": time.monotonic() - self.ready,
        }


def _fork(scenario, arguments):
    reading, writing = os.pipe()
    pid = os.fork()
    if pid:
        os.close(writing)
        return _Child(pid, reading)
    os.close(reading)
    code = 1
    try:
        # Whatever the child prints must not be taken for an answer of the zygote.
        os.dup2(2, 1)
        os.close(0)
        import crash_scenarios

        crash_scenarios.SCENARIOS[scenario](lambda line: os.write(writing, f"{line}\n".encode()), **arguments)
        code = 0
    except BaseException:  # noqa: BLE001 - whatever it was, the test must see it
        os.write(writing, f"ready\n{traceback.format_exc()}".encode())
    finally:
        os._exit(code)


def _serve():
    children = {}
    for line in sys.stdin:
        ask = json.loads(line)
        if ask["command"] == "start":
            child = _fork(ask["scenario"], ask["arguments"])
            children[child.pid] = child
            child.read_until(time.monotonic() + PATIENCE, lambda child=child: b"ready\n" in child.text)
            child.ready = time.monotonic()
            answer = {"child": child.pid}
        else:
            child = children.pop(ask["child"])
            patience = ask["after"] if ask["command"] == "kill" else PATIENCE
            child.read_until(time.monotonic() + patience)
            if child.open:
                # Not reaped yet, so the number is still its own.
                os.kill(child.pid, signal.SIGKILL)
            answer = child.end()
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()
    for child in children.values():
        with contextlib.suppress(ProcessLookupError):
            os.kill(child.pid, signal.SIGKILL)


if __name__ == "__main__":
    import crash_scenarios

    crash_scenarios.warm_up()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    _serve()
