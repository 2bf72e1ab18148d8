"""Render pages: by the plugin that offers to, otherwise in processes that this module keeps ready."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING, Final

from crmcore.rendering.process import RenderingProcess
from crmcore.rendering.request import PdfFailed, PdfRequest

if TYPE_CHECKING:
    from crmcore.registry import Dispatcher

_LOG: Final = logging.getLogger("crmcore.rendering")
_PROCESSES: Final = 2
"""Renderings at the same time; each process holds about 100 MB."""
_JOBS: Final = 200
"""After so many a process makes room for a fresh one: what a library leaks goes with it."""


class Renderer:
    """Turn HTML into PDF for one Crm, from as many threads as needed.

    Pages are rendered in processes of their own, which are started when they are needed, keep nothing of a page, and are ended when a page
    takes too long or too much: no layout, however hostile, stops the process that asked for it.
    """

    def __init__(self, hooks: Dispatcher, *, processes: int = _PROCESSES) -> None:
        self._hooks = hooks
        self._slots = threading.BoundedSemaphore(processes)
        self._lock = threading.Lock()
        self._idle: list[RenderingProcess] = []

    def pdf(self, request: PdfRequest) -> bytes:
        """Return a page as PDF.

        Addresses are only looked up in the request itself (``data:`` and ``resource:``): nothing is read from disk or network.

        Raises:
            PdfFailed: ``PDF_TOO_LARGE``, ``PDF_TIMEOUT``, ``PDF_FAILED``; ``PDF_UNAVAILABLE`` where WeasyPrint or Pango are missing.
        """
        if len(request.html) > request.limits.characters:
            raise PdfFailed("PDF_TOO_LARGE", what="HTML", found=len(request.html), most=request.limits.characters)
        made: bytes | None = self._hooks.first("crm_render_pdf", request=request)
        return made if made is not None else self._render(request)

    def close(self) -> None:
        """End the processes; the next rendering starts one again."""
        with self._lock:
            idle, self._idle = self._idle, []
        for process in idle:
            process.end()

    def _render(self, request: PdfRequest) -> bytes:
        with self._slots:
            process = self._take() or RenderingProcess()
            try:
                answer = process.render(request)
            finally:
                self._give_back(process)
        if answer.refused:
            _LOG.warning("a page asked for what it does not bring along, and did not get it: %s", ", ".join(answer.refused))
        return answer.content

    def _give_back(self, process: RenderingProcess) -> None:
        with self._lock:
            kept = process.ready and process.jobs < _JOBS
            if kept:
                self._idle.append(process)
        if not kept:
            process.end()

    def _take(self) -> RenderingProcess | None:
        """Return a process that is ready, if there is one; a fork cannot use those of its parent."""
        with self._lock:
            while self._idle:
                process = self._idle.pop()
                if process.ready:
                    return process
                process.end()
        return None
