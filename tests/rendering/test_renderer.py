"""The renderer: what a page may load, what it may use, and what happens when it does otherwise."""

from __future__ import annotations

import base64
import io
import os
import re
import sys
import threading
import zlib
from datetime import date
from http.server import BaseHTTPRequestHandler, HTTPServer

import pypdfium2
import pytest

from crmcore import Crm, hookimpl
from crmcore.errors import StartError
from crmcore.rendering import PdfFailed, PdfLimits, PdfRequest, Renderer, Resource, Variant, child, process
from crmcore.testing import make_plugin, require_pdf

pytestmark = pytest.mark.feature("G07", "P2.3")

# One red point.
PNG = base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC")


@pytest.fixture(scope="module")
def renderer():
    with Crm.open("sqlite://", migrate=True) as crm:
        require_pdf(crm.renderer)
        yield crm.renderer


def text_of(content):
    with pypdfium2.PdfDocument(io.BytesIO(content)) as pdf:
        pages = []
        for page in pdf:
            text = page.get_textpage()
            pages.append(text.get_text_bounded())
            text.close()
            page.close()
        return pages


def refusal(renderer, html, **limits):
    with pytest.raises(PdfFailed) as caught:
        renderer.pdf(PdfRequest(html=html, limits=PdfLimits(**limits)))
    return caught.value


@pytest.fixture
def listener():
    """Listen on this machine, and tell who asked for what."""
    asked = []

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"body { color: red }")

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Answer)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", asked
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_page_gets_nothing_from_disk_or_network_by_any_way(renderer, listener, tmp_path, caplog):
    address, asked = listener
    secret = tmp_path / "secret.svg"
    secret.write_text('<svg xmlns="http://www.w3.org/2000/svg" width="200" height="50"><text y="20">TOPSECRET</text></svg>')
    (tmp_path / "secret.css").write_text("p::after { content: 'TOPSECRET' }")
    ways = []
    for place in (address, tmp_path.as_uri()):
        svg = f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"><image xlink:href="{place}/secret.svg"/>'
        svg += f'<use href="{place}/secret.svg#a"/></svg>'
        ways += [
            f'<base href="{place}/"><img src="secret.svg">',
            f'<img src="{place}/secret.svg"><object data="{place}/secret.svg"></object><embed src="{place}/secret.svg">',
            f'<iframe src="{place}/secret.svg"></iframe><link rel="stylesheet" href="{place}/secret.css">',
            f'<style>@import url("{place}/secret.css"); @font-face {{ font-family: a; src: url({place}/secret.svg) }}</style>',
            '<p style="font-family: a">x</p>',
            f'<p style="background: url({place}/secret.svg); list-style: url({place}/secret.svg); content: url({place}/secret.svg)">x</p>',
            f'<link rel="attachment" href="{place}/secret.svg"><a rel="attachment" href="{place}/secret.svg">x</a>',
            svg,
            f'<img src="data:image/svg+xml;base64,{base64.b64encode(svg.encode()).decode()}">',
        ]
    content = renderer.pdf(PdfRequest(html="<p>seen</p>" + "".join(ways)))
    assert "seen" in text_of(content)[0]
    assert "TOPSECRET" not in "".join(text_of(content))
    with pypdfium2.PdfDocument(content) as pdf:
        assert pdf.count_attachments() == 0
    # The library itself stops at this one.
    profile = f"<style>@color-profile --a {{ src: url({address}/secret.svg) }} p {{ color: color(--a 1 1 1) }}</style><p>x</p>"
    assert refusal(renderer, profile).code == "PDF_FAILED"
    assert asked == []
    # Who looks after the templates is told.
    assert any(tmp_path.as_uri() in each.message for each in caplog.records)


def test_a_page_shows_what_it_brings_along_and_has_its_own_date(renderer):
    request = PdfRequest(
        html='<p>€ àèìòù</p><img src="resource:logo" style="width: 50px; height: 50px">',
        title="Offerta 7",
        author="Arredi Bellini",
        lang="it",
        created=date(2026, 5, 20),
        resources={"logo": Resource("image/png", PNG)},
    )
    content = renderer.pdf(request)
    assert renderer.pdf(request) == content
    with pypdfium2.PdfDocument(content) as pdf:
        assert (pdf.get_metadata_dict()["Title"], pdf.get_metadata_dict()["CreationDate"][:10]) == ("Offerta 7", "D:20260520")
        page = pdf[0]
        assert (255, 0, 0) in {colour for _, colour in page.render().to_pil().convert("RGB").getcolors(1 << 20)}
        page.close()
    assert "€ àèìòù" in text_of(content)[0]
    archived = PdfRequest(html="<p>a</p>", title="A", lang="it", created=date(2026, 5, 20), variant=Variant.ARCHIVE)
    streams = re.findall(rb"/FlateDecode[^>]*>>\nstream\n(.*?)\nendstream", renderer.pdf(archived), re.DOTALL)
    assert any(b"pdfaid:part" in zlib.decompressobj().decompress(each) for each in streams)
    assert renderer.pdf(archived) == renderer.pdf(archived)


def test_a_page_without_end_or_measure_ends_with_a_code_and_the_next_one_is_fine(renderer):
    [process] = renderer._idle
    assert refusal(renderer, "<p style='break-after: page'>x</p>" * 4, pages=3).params == {"what": "pages", "found": 4, "most": 3}
    assert refusal(renderer, "x" * 101, characters=100).params == {"what": "HTML", "found": 101, "most": 100}
    assert refusal(renderer, "<p>x</p>", size=100).code == "PDF_TOO_LARGE"
    # These are no harm to the process.
    assert renderer._idle == [process]
    endless = refusal(renderer, "<style>@page { size: 60px 20px; margin: 0 }</style>" + "parola " * 60_000, seconds=0.6)
    assert (endless.code, endless.params["seconds"]) == ("PDF_TIMEOUT", 0.6)
    assert refusal(renderer, "<div>" * 3000).code == "PDF_FAILED"
    if sys.platform == "linux":
        wide = "<table>" + "<tr><td colspan=1000000000>x</td></tr>" * 10
        assert refusal(renderer, wide, memory=800 * 2**20, seconds=20).code in {"PDF_FAILED", "PDF_TIMEOUT"}
    assert text_of(renderer.pdf(PdfRequest(html="<p>next</p>")))[0].strip() == "next"


def test_a_process_that_dies_costs_its_page_only_and_a_worn_one_is_replaced(renderer, monkeypatch):
    mine = Renderer(renderer._hooks, processes=1)
    mine.pdf(PdfRequest(html="<p>a</p>"))
    [first] = mine._idle
    os.kill(first._process.pid, 9)
    first._process.wait()
    assert mine.pdf(PdfRequest(html="<p>b</p>"))
    [second] = mine._idle
    monkeypatch.setattr("crmcore.rendering.renderer._JOBS", 2)
    mine.pdf(PdfRequest(html="<p>c</p>"))
    assert mine._idle == []
    assert second._process.poll() is not None
    mine.close()


def test_a_missing_package_or_library_says_what_to_install(renderer, monkeypatch):
    monkeypatch.setattr(process, "_BOOT", "import sys; sys.modules['weasyprint'] = None; " + process._BOOT)
    with pytest.raises(PdfFailed) as caught:
        Renderer(renderer._hooks).pdf(PdfRequest(html="<p>a</p>"))
    assert caught.value.code == "PDF_UNAVAILABLE"
    assert "pip install 'crmcore[pdf]'" in caught.value.text("it")

    class NoPango:
        def find_spec(self, name, *_):
            if name == "weasyprint":
                message = "cannot load library 'libpango-1.0-0': not found\nmore"
                raise OSError(message)

    monkeypatch.delitem(sys.modules, "weasyprint", raising=False)
    monkeypatch.setattr(sys, "meta_path", [NoPango(), *sys.meta_path])
    assert "apt install libpango-1.0-0" in child._unavailable()
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with pytest.raises(PdfFailed) as caught:
        Renderer(renderer._hooks).pdf(PdfRequest(html="<p>a</p>"))
    assert caught.value.code == "PDF_UNAVAILABLE"


@hookimpl
def crm_render_pdf(request):
    return b"%PDF-other" if request.variant is Variant.PLAIN else None


def test_a_plugin_may_render_instead_and_two_may_not(monkeypatch):
    def plugin(name):
        module = make_plugin(name)
        module.crm_render_pdf = crm_render_pdf
        return module

    with Crm.open("sqlite://", plugins=[plugin("typeset")], migrate=True) as crm:
        assert crm.renderer.pdf(PdfRequest(html="<p>a</p>")) == b"%PDF-other"
        # What it leaves to the core is the core's to render.
        monkeypatch.setattr(crm.renderer, "_render", lambda request: request.html.encode())
        assert crm.renderer.pdf(PdfRequest(html="<p>a</p>", variant=Variant.ARCHIVE)) == b"<p>a</p>"
    with pytest.raises(StartError) as caught:
        Crm.open("sqlite://", plugins=[plugin("typeset"), plugin("printer")])
    assert [each.code for each in caught.value.problems] == ["SLOT_CLAIMED_TWICE"]
