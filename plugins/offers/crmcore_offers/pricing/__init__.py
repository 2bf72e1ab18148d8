"""The catalogue: products, price lists and promotions, parametric products, and rows filled from all of it."""

from crmcore_offers.pricing.filling import Filled, RowGiven, fill_rows
from crmcore_offers.pricing.lists import Asked, NewPrice, PriceLists
from crmcore_offers.pricing.parameters import Configured, configure
from crmcore_offers.pricing.prices import PriceQuote
from crmcore_offers.pricing.products import Products

__all__ = [
    "Asked",
    "Configured",
    "Filled",
    "NewPrice",
    "PriceLists",
    "PriceQuote",
    "Products",
    "RowGiven",
    "configure",
    "fill_rows",
]
