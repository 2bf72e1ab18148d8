"""Pages as PDF, behind a hook that another renderer may take; and numbers and dates as people write them."""

from crmcore.rendering.formats import amount, day, money, number, percent, price, quantity, rounded
from crmcore.rendering.renderer import Renderer
from crmcore.rendering.request import PdfFailed, PdfLimits, PdfRequest, Resource, Variant

__all__ = [
    "PdfFailed",
    "PdfLimits",
    "PdfRequest",
    "Renderer",
    "Resource",
    "Variant",
    "amount",
    "day",
    "money",
    "number",
    "percent",
    "price",
    "quantity",
    "rounded",
]
