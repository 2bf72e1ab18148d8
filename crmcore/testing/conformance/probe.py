"""Run in a process of its own: import one module, and tell what else that did. Reads a question and prints an answer, both JSON."""

import importlib
import json
import sys
import threading
from typing import Any, Final

_WATCHED: Final = {
    "socket.connect": "it opens a connection",
    "socket.bind": "it listens on a port",
    "socket.getaddrinfo": "it looks up a host",
    "subprocess.Popen": "it starts a process",
    "os.system": "it starts a process",
    "os.fork": "it starts a process",
    "sqlite3.connect": "it opens a database",
    "os.remove": "it removes a file",
    "os.rename": "it renames a file",
    "os.mkdir": "it makes a folder",
    "os.putenv": "it changes the environment",
}
_WRITING: Final = frozenset("wax+")


def main() -> None:
    """Answer one question."""
    question = json.loads(sys.stdin.read())
    sys.path[:] = question["path"]
    # What the kit itself needs is there before anybody looks.
    importlib.import_module("crmcore")
    importlib.import_module("crmcore.cli")
    before = set(sys.modules)
    effects: list[str] = []
    watching = True

    def audit(event: str, arguments: tuple[Any, ...]) -> None:
        if not watching:
            return
        if event in _WATCHED:
            effects.append(_WATCHED[event])
        elif event == "open" and isinstance(arguments[1], str) and _WRITING & set(arguments[1]):
            effects.append(f"it writes to {arguments[0]}")

    sys.addaudithook(audit)
    started = threading.Thread.start

    def start(thread: threading.Thread) -> None:
        effects.append("it starts a thread")
        started(thread)

    # Threads raise an audit event from Python 3.12 on only.
    setattr(threading.Thread, "start", start)  # noqa: B010 - an assignment would not be typed
    importlib.import_module(question["target"])
    watching = False
    foreign = [module for module in question["foreign"] if module in sys.modules and module not in before]
    print(json.dumps({"effects": effects, "foreign": foreign}))  # noqa: T201 - the answer


if __name__ == "__main__":
    main()
