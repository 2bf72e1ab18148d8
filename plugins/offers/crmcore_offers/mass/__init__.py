"""Mass maintenance of documents and rows, and the export of orders to other systems."""

from crmcore_offers.mass.api import MassMaintenance, MassPreview, Refused
from crmcore_offers.mass.exporting import Exported, OrderList

__all__ = ["Exported", "MassMaintenance", "MassPreview", "OrderList", "Refused"]
