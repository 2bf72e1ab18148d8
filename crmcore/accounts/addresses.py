"""Addresses as one text."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crmcore.model import Site


def address_text(site: Site) -> str:
    """Return the parts of an address in one line: ``Via Roma 1, 36061 Bassano del Grappa (VI)``."""
    street = " ".join(part for part in (site.street, site.civic) if part)
    province = f"({site.province})" if site.province else ""
    town = " ".join(part for part in (site.postcode, site.municipality, province) if part)
    return ", ".join(part for part in (street, site.hamlet, town) if part)
