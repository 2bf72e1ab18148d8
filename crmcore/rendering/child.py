"""The process that renders: reads pages from its input and writes PDFs to its output, until there is no more input.

It is told everything; it reads nothing but the library and the fonts of the machine.
"""

from __future__ import annotations

import base64
import calendar
import hashlib
import json
import os
import sys
from datetime import date
from typing import IO, Any, Final

from crmcore.rendering.fetching import new_fetcher
from crmcore.rendering.process import LENGTHS

_PACKAGE: Final = "the package weasyprint is missing: pip install 'crmcore[pdf]'"
_PANGO: Final = "WeasyPrint does not find the libraries of Pango (Debian: apt install libpango-1.0-0 libpangoft2-1.0-0): {}"
_NESTED: Final = "it is nested too deep"
_MEMORY: Final = "it takes too much memory"
_MOST_REFUSED: Final = 10


def main() -> None:
    """Answer until the parent is gone."""
    source, target = sys.stdin.buffer, _own_output()
    first = _read(source)
    if first is None:
        return
    reason = _unavailable()
    _write(target, {"unavailable": reason} if reason else {}, b"")
    while not reason and (request := _read(source)) is not None:
        answer, content = _answer(*request)
        _write(target, answer, content)


def _own_output() -> IO[bytes]:
    """Keep the pipe to the parent for answers: what libraries print goes nowhere."""
    kept = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
    return kept


def _read(source: IO[bytes]) -> tuple[dict[str, Any], bytes] | None:
    lengths = source.read(LENGTHS.size)
    if len(lengths) < LENGTHS.size:
        return None
    head, body = LENGTHS.unpack(lengths)
    return json.loads(source.read(head)), source.read(body)


def _write(target: IO[bytes], answer: dict[str, Any], content: bytes) -> None:
    head = json.dumps(answer).encode("ascii")
    target.write(LENGTHS.pack(len(head), len(content)) + head + content)
    target.flush()


def _unavailable() -> str:
    """Return why nothing can be rendered here, or nothing."""
    try:
        import weasyprint  # noqa: F401, PLC0415 - the library is what this process is for, and may not be there
    except ImportError as error:
        return _PACKAGE if (error.name or "").startswith("weasyprint") else str(error)
    except OSError as error:
        return _PANGO.format(str(error).splitlines()[0][:200])
    return ""


def _answer(header: dict[str, Any], html: bytes) -> tuple[dict[str, Any], bytes]:
    try:
        _limit_memory(header["memory"])
        return _render(header, html.decode("utf-8"))
    except RecursionError:
        return {"failed": _NESTED}, b""
    except MemoryError:
        return {"failed": _MEMORY}, b""
    except Exception as error:  # noqa: BLE001 - the border of the library: whatever a page does to it is an answer
        return {"failed": f"{type(error).__name__}: {error}"[:300]}, b""


def _limit_memory(most: int) -> None:
    try:
        import resource  # noqa: PLC0415 - not there on Windows
    except ImportError:
        return
    resource.setrlimit(resource.RLIMIT_AS, (most, resource.getrlimit(resource.RLIMIT_AS)[1]))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _render(header: dict[str, Any], html: str) -> tuple[dict[str, Any], bytes]:
    from weasyprint import HTML  # noqa: PLC0415 - as above

    given = {name: (kind, base64.b64decode(content)) for name, (kind, content) in header["resources"].items()}
    fetcher = new_fetcher(given)
    created = date.fromisoformat(header["created"]) if header["created"] else date(1970, 1, 1)
    # Fonts that are cut down to what is used carry a date, which comes from here and nowhere else.
    os.environ["SOURCE_DATE_EPOCH"] = str(calendar.timegm(created.timetuple()))
    document = HTML(string=html, url_fetcher=fetcher, base_url=None).render()
    if len(document.pages) > header["pages"]:
        return {"what": "pages", "found": len(document.pages), "most": header["pages"]}, b""
    metadata = document.metadata
    metadata.title = header["title"] or metadata.title
    metadata.authors = [header["author"]] if header["author"] else metadata.authors
    metadata.lang = header["lang"] or metadata.lang
    metadata.created = metadata.modified = header["created"] or None
    identifier = hashlib.sha256(html.encode("utf-8")).hexdigest()[:32].encode("ascii")
    content: bytes = document.write_pdf(pdf_variant=header["variant"] or None, pdf_identifier=identifier)
    if len(content) > header["size"]:
        return {"what": "PDF", "found": len(content), "most": header["size"]}, b""
    return {"refused": sorted(fetcher.refused)[:_MOST_REFUSED]}, content
