"""Mass changes of the territory: sellers of accounts and zones of sites (B11)."""

from __future__ import annotations

from crmcore.changesets.kinds import Kind
from crmcore.changesets.writers import ColumnWriter

SELLERS = Kind(name="sellers", writer=ColumnWriter("seller_id"))
SITE_ZONES = Kind(name="site_zones", writer=ColumnWriter("zone_id"))
