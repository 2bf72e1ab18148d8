"""One rendering process, seen from its parent: start it, ask it one thing at a time, end it."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import struct
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any, Final

import attrs

from crmcore.rendering.request import PdfFailed, PdfRequest

LENGTHS: Final = struct.Struct(">II")
"""Before each message: the lengths of its JSON and of what follows it."""
_BOOT: Final = "import sys; sys.path[:] = {path!r}; from crmcore.rendering.child import main; main()"
_START_SECONDS: Final = 60.0
_LONGEST_ANSWER: Final = 1 << 16
_ENVIRONMENT: Final = (
    *("HOME", "PATH", "TMPDIR", "LANG", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_DATA_DIRS"),
    *("FONTCONFIG_FILE", "FONTCONFIG_PATH", "FONTCONFIG_SYSROOT", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "DYLD_FALLBACK_LIBRARY_PATH"),
    *("SYSTEMROOT", "WINDIR", "LOCALAPPDATA", "TEMP", "TMP", "WEASYPRINT_DLL_DIRECTORIES"),
)
"""What libraries and fonts are found by; no password of the parent goes along."""


@attrs.frozen
class Answer:
    """A PDF, and the addresses that were not looked up for it."""

    content: bytes
    refused: tuple[str, ...]


class RenderingProcess:
    """A process that renders one page after the other; not for several threads at once."""

    def __init__(self) -> None:
        """Start it, and wait until the library is there.

        Raises:
            PdfFailed: ``PDF_UNAVAILABLE``.
        """
        self.jobs = 0
        self._sound = True
        self._owner = os.getpid()
        path = [str(Path(place).absolute()) for place in sys.path]
        try:
            # A fixed command of our own.
            self._process = subprocess.Popen(  # noqa: S603
                [sys.executable, "-I", "-B", "-c", _BOOT.format(path=path)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env={name: os.environ[name] for name in _ENVIRONMENT if name in os.environ},
            )
        except OSError as error:
            raise PdfFailed("PDF_UNAVAILABLE", reason=str(error)) from error
        try:
            answer, _ = self._ask({}, b"", _START_SECONDS, _LONGEST_ANSWER)
        except BaseException:
            self.end()
            raise
        if "unavailable" in answer:
            self.end()
            raise PdfFailed("PDF_UNAVAILABLE", reason=answer["unavailable"])

    @property
    def ready(self) -> bool:
        """Whether it can be asked, by this process: it runs, and the last page did nothing to it."""
        return self._sound and self._owner == os.getpid() and self._process.poll() is None

    def render(self, request: PdfRequest) -> Answer:
        """Return the PDF of a page.

        Raises:
            PdfFailed: with any code but that of a missing library.
        """
        self.jobs += 1
        self._sound = False
        answer, content = self._ask(_header(request), request.html.encode("utf-8"), request.limits.seconds, request.limits.size)
        if "failed" in answer:
            raise PdfFailed("PDF_FAILED", reason=str(answer["failed"])[:300])
        self._sound = True
        if "what" in answer:
            raise PdfFailed("PDF_TOO_LARGE", what=answer["what"], found=answer["found"], most=answer["most"])
        return Answer(content, tuple(str(each)[:200] for each in answer.get("refused", ())))

    def end(self) -> None:
        """End it at once, and forget it; of a fork's parent only the pipes are closed."""
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                # What was not sent any more is lost with the process.
                with contextlib.suppress(OSError):
                    pipe.close()
        if self._owner == os.getpid():
            self._process.kill()
            self._process.wait()
        else:
            self._process.returncode = 0

    def _ask(self, header: Mapping[str, Any], body: bytes, seconds: float, most: int) -> tuple[dict[str, Any], bytes]:
        assert self._process.stdin is not None  # noqa: S101 - it was started with pipes
        assert self._process.stdout is not None  # noqa: S101 - as above
        with self._deadline(seconds) as late:
            try:
                head = json.dumps(header).encode("ascii")
                self._process.stdin.write(LENGTHS.pack(len(head), len(body)) + head + body)
                self._process.stdin.flush()
                lengths = LENGTHS.unpack(_exactly(self._process.stdout, LENGTHS.size))
                if lengths[0] > _LONGEST_ANSWER or lengths[1] > most:
                    raise PdfFailed("PDF_TOO_LARGE", what="PDF", found=max(lengths), most=most)
                answer: dict[str, Any] = json.loads(_exactly(self._process.stdout, lengths[0]))
                return answer, _exactly(self._process.stdout, lengths[1])
            except (OSError, EOFError) as error:
                if late.is_set():
                    raise PdfFailed("PDF_TIMEOUT", seconds=seconds) from None
                reason = "the process that rendered it ended, perhaps for want of memory"
                raise PdfFailed("PDF_FAILED", reason=reason) from error

    @contextlib.contextmanager
    def _deadline(self, seconds: float) -> Iterator[threading.Event]:
        """End the process when a block takes too long; pipes have no timeout on every system."""
        late = threading.Event()

        def expire() -> None:
            late.set()
            self._process.kill()

        timer = threading.Timer(seconds, expire)
        timer.daemon = True
        timer.start()
        try:
            yield late
        finally:
            timer.cancel()


def _header(request: PdfRequest) -> dict[str, Any]:
    return {
        "title": request.title,
        "author": request.author,
        "lang": request.lang,
        "created": request.created.isoformat() if request.created is not None else "",
        "variant": request.variant.value,
        "resources": {name: (each.media_type, base64.b64encode(each.content).decode("ascii")) for name, each in request.resources.items()},
        "pages": request.limits.pages,
        "size": request.limits.size,
        "memory": request.limits.memory,
    }


def _exactly(pipe: IO[bytes], length: int) -> bytes:
    data = pipe.read(length)
    if len(data) < length:
        raise EOFError
    return data
