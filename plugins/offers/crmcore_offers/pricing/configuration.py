"""The catalogue as a deployment configures it: VAT codes, units, categories, products, price lists."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any, Final

from crmcore import Configurable, Label, Session
from crmcore.hooks import Finding, Scene, Values
from crmcore.planning import Day, Plain, Refer, Rows, Text
from crmcore_offers.model import PERCENT_PLACES, PRICE_PLACES, Category, PriceList, Product, Unit, VatCode
from crmcore_offers.pricing.lists import NewPrice, read_break
from crmcore_offers.pricing.numbers import Number, read_number, shown
from crmcore_offers.pricing.parameters import definition_problems
from crmcore_offers.pricing.prices import overlap
from crmcore_offers.pricing.stores import Categories, Lists, ordered

_NATURE: Final = re.compile(r"N1|N2\.[12]|N3\.[1-6]|N4|N5|N6\.[1-9]|N7")
_NUMBER: Final = ["string", "integer", "float"]
_CODE: Final = r"[A-Za-z0-9][A-Za-z0-9_./-]{0,59}"


def _field(kind: Any, it: str, en: str, text: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - Cerberus rules are open
    return {"type": kind, "label": Label(it, en), "help": text, **more}


def _text(it: str, en: str, text: str, longest: int = 200, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - as above
    return _field("string", it, en, text, **{"default": "", "maxlength": longest, **more})


def _code(it: str, en: str, text: str) -> dict[str, Any]:
    return _field("string", it, en, text, nullable=True, default=None, empty=False)


def _day(it: str, en: str, text: str) -> dict[str, Any]:
    return _field("date", it, en, text, nullable=True, default=None)


_TEXTS: Final = {
    "it": _field("string", "Italiano", "Italian", "The text in Italian.", required=True, empty=False, maxlength=200, example="Esempio"),
    "en": _field("string", "Inglese", "English", "The text in English.", default="", maxlength=200),
}
_LABEL: Final = {"label": _field("dict", "Etichetta", "Label", "What people read.", required=True, schema=_TEXTS)}
_OBSOLETE: Final = {"obsolete": _field("boolean", "Obsoleto", "Obsolete", "Not offered any more.", default=False)}


def _tidy_vat(values: Values) -> Values:
    return {**values, "rate": shown(read_number(values["rate"], PERCENT_PLACES))}


def check_vat(session: Session, scene: Scene) -> Iterator[Finding]:
    """Yield VAT codes with a rate that none has, or without the reason that the electronic invoice asks for."""
    del session
    for key, item in scene.after.get("offers.vat", {}).items():
        rate, nature = read_number(item.values["rate"], PERCENT_PLACES), item.values["nature"]
        if not 0 <= rate <= 100:  # noqa: PLR2004 - per cent
            yield Finding(key=key, field="rate", reason=Label("un'aliquota da 0 a 100", "a rate from 0 to 100"))
        elif nature and _NATURE.fullmatch(nature) is None:
            text = f"{nature} non è una natura della fattura elettronica (da N1 a N7)"
            yield Finding(key=key, field="nature", reason=Label(text, f"{nature} is no nature of the electronic invoice (N1 to N7)"))
        elif bool(nature) == bool(rate):
            text = "ha una natura chi ha aliquota 0, e solo lui"
            yield Finding(key=key, field="nature", reason=Label(text, "who has rate 0 has a nature, and nobody else"))


VAT: Final = Configurable(
    name="offers.vat",
    label=Label("Codici IVA", "VAT codes"),
    help="VAT codes with their rates in percent, or the nature that says why there is none.",
    key=r"[A-Za-z0-9][A-Za-z0-9_.-]{0,19}",
    fields={
        **_LABEL,
        "rate": _field(_NUMBER, "Aliquota", "Rate", "In percent.", required=True, example=22),
        "nature": _text("Natura", "Nature", "N1 to N7 of the electronic invoice, for rate 0.", 4),
        **_OBSOLETE,
    },
    normalise=_tidy_vat,
    store=Rows(entity=VatCode, columns=(Text("label"), Number("rate"), Plain("nature"), Plain("obsolete")), owner="owner"),
    check=check_vat,
)
UNITS: Final = Configurable(
    name="offers.units",
    label=Label("Unità di misura", "Units of measure"),
    help="Units of measure, and how many decimals quantities of them have.",
    key=r"[A-Za-z0-9][A-Za-z0-9_.-]{0,19}",
    fields={
        **_LABEL,
        "places": _field("integer", "Decimali", "Decimals", "How many.", default=0, min=0, max=PRICE_PLACES),
        **_OBSOLETE,
    },
    store=Rows(entity=Unit, columns=(Text("label"), Plain("places"), Plain("obsolete")), owner="owner"),
)
CATEGORIES: Final = Configurable(
    name="offers.categories",
    label=Label("Categorie di prodotti", "Product categories"),
    help="The tree of product categories.",
    fields={**_LABEL, "parent": _code("Dentro", "Parent", "The category that this one lies in."), **_OBSOLETE},
    references={"parent": "offers.categories"},
    store=Categories(
        entity=Category,
        columns=(Text("label"), Plain("obsolete")),
        references=(Refer(field="parent", column="parent_id", to=Category),),
        owner="owner",
    ),
)


def _tidy_product(values: Values) -> Values:
    cost = values["cost"]
    return {**values, "cost": None if cost is None else shown(read_number(cost, PRICE_PLACES))}


def check_products(session: Session, scene: Scene) -> Iterator[Finding]:
    """Yield what is wrong with the options and rules of parametric products, and with costs."""
    for key, item in scene.after.get("offers.products", {}).items():
        values = item.values
        if values["cost"] is not None and read_number(values["cost"], PRICE_PLACES) < 0:
            yield Finding(key=key, field="cost", reason=Label("0 o più", "0 or more"))
        if values["options"] or values["price_rule"] or values["description_rule"]:
            rules = values["price_rule"], values["description_rule"]
            for field, reason in definition_problems(session, key[-1], values["options"], *rules):
                yield Finding(key=key, field=field, reason=reason)


_OPTION: Final = {
    "code": _field("string", "Codice", "Code", "What rules call it.", required=True, example="colore"),
    "label": _field(["string", "dict"], "Etichetta", "Label", "What people read.", nullable=True, default=None),
    "type": _field("string", "Tipo", "Type", "What it takes.", default="choice", allowed=["choice", "number", "flag", "text"]),
    "choices": _field(
        "list", "Scelte", "Choices", "Of a choice: code, label, and the price that it adds.", default=[], schema={"type": "dict"}
    ),
    "default": _field(
        ["string", "integer", "float", "boolean"], "Predefinito", "Default", "When none is given.", nullable=True, default=None
    ),
    "min": _field(_NUMBER, "Minimo", "Minimum", "Of a number.", nullable=True, default=None),
    "max": _field(_NUMBER, "Massimo", "Maximum", "Of a number, or the length of a text.", nullable=True, default=None),
    "price": _field(_NUMBER, "Prezzo", "Price", "What a flag adds.", nullable=True, default=None),
    "required": _field("boolean", "Obbligatoria", "Required", "Whether one must be chosen.", default=False),
}
PRODUCTS: Final = Configurable(
    name="offers.products",
    label=Label("Prodotti", "Products"),
    help="Products and services; thousands of them are better brought by a program.",
    key=_CODE,
    fields={
        **_LABEL,
        "details": _text("Dettagli", "Details", "More about it.", 10_000),
        "kind": _text("Genere", "Kind", "Goods or service.", default="goods", allowed=["goods", "service"]),
        "category": _code("Categoria", "Category", "Code of its category."),
        "unit": _code("Unità di misura", "Unit", "Code of its unit of measure."),
        "vat": _code("Codice IVA", "VAT code", "Its VAT code."),
        "cost": _field(_NUMBER, "Costo", "Cost", "Of one unit, for margins.", nullable=True, default=None),
        "options": _field("list", "Opzioni", "Options", "Its parameters.", default=[], schema={"type": "dict", "schema": _OPTION}),
        "price_rule": _text("Regola del prezzo", "Price rule", "A rule that gives the price of one unit.", 4_000),
        "description_rule": _text("Regola della descrizione", "Description rule", "A rule that gives the description.", 4_000),
        "commission": _field("boolean", "Provvigione", "Commission", "Whether rows of it count for commissions.", default=True),
        **_OBSOLETE,
    },
    references={"category": "offers.categories", "unit": "offers.units", "vat": "offers.vat"},
    normalise=_tidy_product,
    store=Rows(
        entity=Product,
        columns=(
            Text("label"),
            Number("cost"),
            *(
                Plain(name)
                for name in ("details", "kind", "unit", "vat", "options", "price_rule", "description_rule", "commission", "obsolete")
            ),
        ),
        references=(Refer(field="category", column="category_id", to=Category),),
        owner="owner",
    ),
    check=check_products,
)
_PRICE: Final = {
    "product": _field("string", "Prodotto", "Product", "Its code.", required=True, example="CUC-100"),
    "price": _field(_NUMBER, "Prezzo", "Price", "Of one unit.", required=True, example="3250.00"),
    "from_quantity": _field(_NUMBER, "Da quantità", "From quantity", "From how many on.", default=0),
    "discounts": _text("Sconti", "Discounts", "Percentages one after the other, such as 10+5.", 60),
    "valid_from": _day("Dal", "From", "The first day."),
    "valid_to": _day("Al", "To", "The last day."),
}


def _tidy_list(values: Values) -> Values:
    return {**values, "prices": ordered(_tidy_price(each) for each in values["prices"])}


def _tidy_price(given: Mapping[str, Any]) -> dict[str, Any]:
    price = NewPrice(**{**given, "valid_from": _as_day(given["valid_from"]), "valid_to": _as_day(given["valid_to"])})
    try:
        found = read_break(price)
    except ValueError as error:
        field, value, expected = error.args
        text = f"{price.product}, {field} {value!r}: "
        raise ValueError(Label(f"{text}{expected.it}", f"{text}{expected.en}")) from None
    return {
        "product": price.product,
        "price": shown(found.price),
        "from_quantity": shown(found.from_quantity),
        "discounts": found.discounts,
        "valid_from": given["valid_from"],
        "valid_to": given["valid_to"],
    }


def _as_day(value: object) -> date | None:
    return date.fromisoformat(value) if isinstance(value, str) else None


def check_lists(session: Session, scene: Scene) -> Iterator[Finding]:
    """Yield lists with prices of unknown products or prices that overlap, and more than one default list."""
    del session
    products = scene.after.get("offers.products", {})
    defaults = []
    for key, item in scene.after.get("offers.price_lists", {}).items():
        values = item.values
        if values["is_default"] and not values["obsolete"]:
            defaults.append(key)
        if values["valid_from"] and values["valid_to"] and values["valid_to"] < values["valid_from"]:
            yield Finding(key=key, field="valid_to", reason=Label("finisce prima di cominciare", "it ends before it begins"))
        by_product: dict[str, list[Mapping[str, Any]]] = {}
        for each in values["prices"]:
            by_product.setdefault(each["product"], []).append(each)
        for code, prices in by_product.items():
            if (code,) not in products:
                yield Finding(key=key, field="prices", reason=Label(f"il prodotto {code} non esiste", f"there is no product {code}"))
            found = overlap(
                read_break(NewPrice(**{**each, "valid_from": _as_day(each["valid_from"]), "valid_to": _as_day(each["valid_to"])}))
                for each in prices
            )
            if found is not None:
                one, other = (each.name for each in found)
                text = Label(f"{code}: {one} e {other} si sovrappongono", f"{code}: {one} and {other} overlap")
                yield Finding(key=key, field="prices", reason=text)
    for key in defaults[1:]:
        text = Label(f"il listino predefinito è già {defaults[0][0]}", f"{defaults[0][0]} is the default list already")
        yield Finding(key=key, field="is_default", reason=text)


PRICE_LISTS: Final = Configurable(
    name="offers.price_lists",
    label=Label("Listini", "Price lists"),
    help="Price lists with their prices; those that programs bring stay beside them.",
    fields={
        **_LABEL,
        "currency": _text("Valuta", "Currency", "ISO 4217.", 3, default="EUR", regex="[A-Z]{3}"),
        "valid_from": _day("Dal", "From", "The first day."),
        "valid_to": _day("Al", "To", "The last day."),
        "is_default": _field("boolean", "Predefinito", "Default", "Whether it holds where no other is chosen.", default=False),
        "promotional": _field("boolean", "Promozionale", "Promotional", "Whether it holds for all, where it is cheaper.", default=False),
        "prices": _field("list", "Prezzi", "Prices", "What things cost.", default=[], schema={"type": "dict", "schema": _PRICE}),
        **_OBSOLETE,
    },
    normalise=_tidy_list,
    store=Lists(
        entity=PriceList,
        columns=(
            Text("label"),
            Day("valid_from"),
            Day("valid_to"),
            *(Plain(name) for name in ("currency", "is_default", "promotional", "obsolete")),
        ),
        owner="owner",
    ),
    after=("offers.products",),
    check=check_lists,
)
CONFIGURABLES: Final = (VAT, UNITS, CATEGORIES, PRODUCTS, PRICE_LISTS)
