"""What runs inside the worker process: import the engines, lock down, then answer one request after the other.

No logging, no files, no threads: after locking down there is only the socket. Whatever goes wrong becomes an answer, or the end of the
process, which the parent notices.
"""

from __future__ import annotations

import gc
import os
import sys
import time
from collections.abc import Mapping
from typing import Any, Final, NoReturn

from crmcore.scripting.errors import ScriptError
from crmcore.scripting.locked.bounds import Bounds
from crmcore.scripting.locked.engine import Engine, Prepared, load_engine
from crmcore.scripting.locked.frames import HEADER, LARGEST, decode_trusted, encode, pack, pack_error, unpack, unpack_frozen
from crmcore.scripting.locked.lockdown import lock_down

_CHANNEL: Final = 0
_BLOCK: Final = 1 << 16


def main() -> NoReturn:
    """Serve until the parent closes the socket."""
    # asteval would import it for a second, and offers hundreds of its functions; nothing here needs it.
    sys.modules["numpy"] = None  # type: ignore[assignment]  # how Python says that a module may not be imported
    nonce, data = _receive()
    start: Any = decode_trusted(data)
    try:
        engines = {kind: load_engine(target) for kind, target in start["engines"].items()}
        for engine in engines.values():
            engine.warm()
        _warm_up(engines)
        walls = lock_down(Bounds(memory=start["memory"], cpu_seconds=start["cpu_seconds"]))
    except Exception as error:  # noqa: BLE001 - the parent has to learn why there is no worker
        _send(nonce, encode({"failed": f"{type(error).__name__}: {error}"[:2_000]}))
        os._exit(1)
    _send(nonce, encode({"walls": dict(walls)}))
    while True:
        nonce, data = _receive()
        _send(nonce, _perform(engines, data))


def _warm_up(engines: Mapping[str, Engine]) -> None:
    """Go through a request once, an erroneous one too: codecs and decoders are imported when they are first used."""
    _perform(engines, encode({"kind": "", "source": "", "options": {}, "contexts": [{}], "seconds": 1, "describe": False}))
    decode_trusted(encode(pack({"à": [1.5, None, True]})))
    gc.collect()
    # What is there now stays for ever: the collector need not look at it again.
    gc.freeze()


def _perform(engines: Mapping[str, Engine], data: bytes) -> bytes:
    answers: list[object] = []
    try:
        request: Any = decode_trusted(data)
        options: Any = unpack(request["options"])
        prepared = engines[request["kind"]].prepare(request["source"], options)
        until = time.monotonic() + request["seconds"]
        for context in request["contexts"]:
            answers.append(_answer(prepared, context))
            if time.monotonic() > until:
                # The parent asks for the rest again; a request never takes much longer than it was given.
                break
        uses = prepared.uses if request["describe"] else None
        return encode({"answers": answers, "uses": uses})
    except ScriptError as error:
        return encode({"refused": pack_error(error)})
    except (MemoryError, RecursionError) as error:
        # The answers may be what fills the memory.
        answers.clear()
        return encode({"broken": type(error).__name__})
    except Exception as error:  # noqa: BLE001 - the parent ends this process, and says so
        return encode({"broken": type(error).__name__})


def _answer(prepared: Prepared, context: Mapping[str, object]) -> object:
    try:
        return [pack(prepared({name: unpack_frozen(value) for name, value in context.items()}))]
    except ScriptError as error:
        return pack_error(error)


def _receive() -> tuple[bytes, bytes]:
    data = _read(HEADER.size)
    length, nonce = HEADER.unpack(data[: HEADER.size])
    rest = data[HEADER.size :]
    if length > LARGEST:
        os._exit(2)
    parts = [rest]
    missing = length - len(rest)
    while missing > 0:
        part = _read(1)
        parts.append(part)
        missing -= len(part)
    return nonce, b"".join(parts)


def _read(least: int) -> bytes:
    """Return what has come, at least so many bytes; the parent never sends a second request before it has its answer."""
    data = b""
    while len(data) < least:
        part = os.read(_CHANNEL, _BLOCK)
        if not part:
            # The parent is gone, or wants us gone.
            os._exit(0)
        data += part
    return data


def _send(nonce: bytes, data: bytes) -> None:
    if len(data) > LARGEST:
        data = encode({"broken": "too much"})
    rest = memoryview(HEADER.pack(len(data), nonce) + data)
    while rest:
        rest = rest[os.write(_CHANNEL, rest) :]
