"""The tables of the plugin."""

from crmcore_offers.model.base import OffersEntity
from crmcore_offers.model.catalogues import (
    PERCENT_PLACES,
    PRICE_PLACES,
    Category,
    CommissionRule,
    OrderType,
    Price,
    PriceList,
    PrintTemplate,
    Product,
    Target,
    Unit,
    VatCode,
)
from crmcore_offers.model.documents import DATES, Counter, Document, DocumentFile, Export, Revision, Row

ENTITIES = (
    OrderType,
    VatCode,
    Unit,
    Category,
    Product,
    PriceList,
    Price,
    Target,
    CommissionRule,
    PrintTemplate,
    Document,
    Row,
    Revision,
    DocumentFile,
    Export,
    Counter,
)

__all__ = [
    "DATES",
    "ENTITIES",
    "PERCENT_PLACES",
    "PRICE_PLACES",
    "Category",
    "CommissionRule",
    "Counter",
    "Document",
    "DocumentFile",
    "Export",
    "OffersEntity",
    "OrderType",
    "Price",
    "PriceList",
    "PrintTemplate",
    "Product",
    "Revision",
    "Row",
    "Target",
    "Unit",
    "VatCode",
]
