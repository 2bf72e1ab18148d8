"""What a page may load: what it carries itself, and what came with the request."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from crmcore.rendering.request import RESOURCE

_DATA: Final = "data:"
_LONGEST: Final = 200


def new_fetcher(resources: Mapping[str, tuple[str, bytes]]) -> Any:  # noqa: ANN401 - the library has no types
    """Return a fetcher of WeasyPrint's that answers for ``data:`` and ``resource:``, and for nothing else: no disk, no network.

    ``resources`` is name → media type and content. Its attribute ``refused`` has the addresses that it did not look up.
    """
    # Imported here: it loads libraries of the system, which is for the rendering process only.
    from weasyprint.urls import URLFetcher, URLFetcherResponse  # noqa: PLC0415

    class Fetcher(URLFetcher):  # type: ignore[misc]  # as above
        def __init__(self) -> None:
            super().__init__(allowed_protocols={"data"}, allow_redirects=False)
            self.refused: set[str] = set()

        def fetch(self, url: str, headers: Mapping[str, str] | None = None) -> Any:  # noqa: ANN401 - as above
            if url.startswith(RESOURCE):
                found = resources.get(url.removeprefix(RESOURCE))
                if found is not None:
                    return URLFetcherResponse(url, found[1], {"Content-Type": found[0]})
            elif url[: len(_DATA)].lower() == _DATA:
                return super().fetch(url, headers)
            self.refused.add(url[:_LONGEST])
            # The page goes on without it.
            message = f"not part of the page: {url[:_LONGEST]}"
            raise ValueError(message)

    return Fetcher()
