"""The plain values that a template gets of a document: texts in its language, and the numbers and dates behind them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import select

from crmcore import Account, Session
from crmcore.model import Person, Salesperson, Site
from crmcore.rendering import amount, day, percent, price, quantity, rounded
from crmcore.scripting import freeze
from crmcore_offers import company
from crmcore_offers.model import DATES, OrderType, VatCode
from crmcore_offers.printing.sheets import Sheet

_LEGAL: Final = "legal"
_HUNDRED: Final = Decimal(100)
_COUNTRIES: Final = {"IT": ""}
"""Of the country itself nothing is written on an address."""


def values_of(session: Session, sheet: Sheet, lang: str = "it") -> dict[str, Any]:
    """Return what the placeholders of a document stand for (`fields`), in a handful of statements; what is empty is None."""
    header = sheet.header
    account = session.shown(session.require(Account, header["account_id"]))
    found = session.scalars(select(Site).where(Site.account_id == account.id, Site.disabled.is_(False)).order_by(Site.id)).all()
    sites = [session.shown(each) for each in found]
    legal = next((each for each in sites if each.kind == _LEGAL), None)
    chosen = next((each for each in sites if each.id == header.get("site_id")), None)
    person = session.get(Person, header["person_id"]) if header.get("person_id") else None
    agent = session.get(Salesperson, header["agent_id"]) if header.get("agent_id") else None
    main = legal or chosen or next(iter(sites), None)
    return {
        "document": _document(session, header, lang),
        "account": _account(account) | _address(main),
        "site": _site(chosen or main),
        "person": _person(session.shown(person) if person is not None else None),
        "agent": _agent(session.shown(agent)) if agent is not None else {},
        "company": _company(session),
        # Frozen one by one: a list of a thousand rows would be too much for one value.
        "rows": [freeze(_row(row, number, lang)) for number, row in enumerate(sheet.rows, 1)],
        "taxes": [freeze(each) for each in _taxes(session, sheet.rows, lang)],
    }


def _document(session: Session, header: Mapping[str, Any], lang: str) -> dict[str, Any]:
    kind = session.scalar(select(OrderType).where(OrderType.code == header["type"]))
    amounts = {"taxable": header["taxable"], "vat": header["vat_amount"], "total": header["total"]}
    days = {name: header.get(name) for name in ("issued_on", *DATES)}
    revision = header.get("revision_number") or 0
    texts = {name: header.get(name) for name in ("reference", "year", "type", "title", "payment", "text", "notes", "currency")}
    return {
        **_filled({name: None if value is None else str(value) for name, value in texts.items()}),
        "number": str(header["number"]) if header.get("number") is not None else None,
        "type_label": (lang == "en" and kind.label_en) or kind.label_it if kind is not None else header["type"],
        "revision": str(revision),
        **{name: amount(value, lang) for name, value in amounts.items()},
        **{name: _day(value, lang) for name, value in days.items()},
        "values": {**amounts, **days, "revision": revision},
        "c": dict(header.get("characteristics") or {}),
    }


def _row(row: Mapping[str, Any], number: int, lang: str) -> dict[str, Any]:
    numbers: dict[str, Decimal] = {name: row[name] for name in ("quantity", "price", "vat_rate", "net")}
    written = {"quantity": quantity, "price": price, "vat_rate": percent, "net": amount}
    texts = {name: row.get(name) for name in ("code", "description", "unit", "vat", "notes")}
    return {
        **_filled(texts),
        "position": str(row.get("position") or number),
        "discounts": _discounts(row.get("discounts"), lang),
        **{name: write(numbers[name], lang) for name, write in written.items()},
        "delivery": _day(row.get("delivery"), lang),
        "values": {**numbers, "delivery": row.get("delivery")},
    }


def _taxes(session: Session, rows: Iterable[Mapping[str, Any]], lang: str) -> list[dict[str, Any]]:
    """Return the amounts by VAT rate, rounded per rate (`domain.md` §3); what bears no VAT by the reason why."""
    found: dict[tuple[Decimal, str], tuple[str, Decimal]] = {}
    for row in rows:
        rate = Decimal(row["vat_rate"])
        key = (rate, "" if rate else str(row["vat"]))
        code, sum_ = found.get(key, (str(row["vat"]), Decimal(0)))
        found[key] = code, sum_ + row["net"]
    codes = [code for code, _ in found.values()]
    known = {each.code: each for each in session.scalars(select(VatCode).where(VatCode.code.in_(codes)))} if codes else {}
    taxes = []
    for (rate, _), (code, taxable) in sorted(found.items(), key=lambda each: (-each[0][0], each[0][1])):
        vat, named = rounded(taxable * rate / _HUNDRED, 2), known.get(code)
        taxes.append(
            {
                "code": code,
                "label": ((lang == "en" and named.label_en) or named.label_it) if named is not None else code,
                "nature": (named.nature or None) if named is not None else None,
                "rate": percent(rate, lang),
                "taxable": amount(taxable, lang),
                "amount": amount(vat, lang),
                "values": {"rate": rate, "taxable": taxable, "amount": vat},
            }
        )
    return taxes


def _account(account: Account) -> dict[str, Any]:
    names = ("name", "vat_code", "fiscal_code", "pec", "recipient_code", "email", "web")
    found = _filled({name: getattr(account, name) for name in names} | {"phone": account.phone1})
    return found | {"c": dict(account.characteristics)}


def _site(site: Site | None) -> dict[str, Any]:
    return _address(site) | _filled({"phone": site.phone if site is not None else None})


def _address(site: Site | None) -> dict[str, Any]:
    if site is None:
        return {}
    street = ", ".join(part for part in (site.street, site.civic) if part)
    parts = {name: getattr(site, name) for name in ("postcode", "municipality", "province")}
    country = _COUNTRIES.get(site.country, site.country)
    whole = _whole(street, parts["postcode"], parts["municipality"], parts["province"], country) or " ".join(site.raw.split())
    return _filled({**parts, "street": street, "country": country, "address": whole})


def _whole(street: str | None, postcode: str | None, municipality: str | None, province: str | None, country: str | None) -> str:
    place = " ".join(part for part in (postcode, municipality) if part)
    place = f"{place} ({province})" if place and province else place
    return ", ".join(part for part in (street, place, country) if part)


def _person(person: Person | None) -> dict[str, Any]:
    if person is None:
        return {}
    found = {name: getattr(person, name) for name in ("title", "first_name", "last_name", "job_role")}
    return _filled({**found, "name": f"{person.first_name} {person.last_name}".strip()})


def _agent(agent: Salesperson) -> dict[str, Any]:
    return _filled({"name": agent.name, "code": agent.code})


def _company(session: Session) -> dict[str, Any]:
    settings = session.settings("offers")
    found = {name: str(settings[f"company_{name}"]) for name in company.NAMES}
    whole = _whole(*(found[name] for name in ("street", "postcode", "municipality", "province", "country")))
    logo = "resource:logo" if company.logo_of(settings) is not None else None
    return _filled({**found, "address": whole, "logo": logo})


def _day(value: date | None, lang: str) -> str | None:
    return None if value is None else day(value, lang)


def _discounts(chain: str | None, lang: str) -> str | None:
    """Return a chain of discounts as it is written: ``10+2,5``."""
    return (chain.replace(".", ",") if lang == "it" else chain) if chain else None


def _filled(found: Mapping[str, Any]) -> dict[str, Any]:
    """Return texts with None for what is blank: a placeholder of it has no value."""
    texts = {name: None if value is None else "\n".join(str(value).splitlines()) for name, value in found.items()}
    return {name: text if text and text.strip() else None for name, text in texts.items()}
