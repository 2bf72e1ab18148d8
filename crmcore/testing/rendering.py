"""Whether PDFs can be made where the tests run."""

from __future__ import annotations

from crmcore.rendering import PdfFailed, PdfRequest, Renderer
from crmcore.testing.postgres import in_ci


def require_pdf(renderer: Renderer) -> None:
    """Go on when a renderer makes PDFs; otherwise skip the running test, or fail it in CI: nobody reads skipped tests there."""
    import pytest

    try:
        renderer.pdf(PdfRequest(html="<p>-</p>"))
    except PdfFailed as error:
        if error.code != "PDF_UNAVAILABLE" or in_ci():
            pytest.fail(str(error), pytrace=False)
        pytest.skip(str(error))
