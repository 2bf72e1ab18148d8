"""Bring what is Italian about accounts, sites and contact points into one form at every commit (D01, I-4, I-9).

What was given stays beside it where there is a place for it: ``raw`` of sites and contact points. What cannot be read stays as it is, for
the rules to judge; a value that is in its form already costs next to nothing, because lists are normalised before they are imported.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from crmcore import Change, Normaliser, Session
from crmcore.accounts import address_text
from crmcore.model import ContactPoint, Site
from crmcore_italy.addresses import read_address
from crmcore_italy.cleaning import tidy
from crmcore_italy.gazetteer import Gazetteer
from crmcore_italy.invoicing import normalise_recipient
from crmcore_italy.lists import gazetteer_of
from crmcore_italy.mail import normalise_email
from crmcore_italy.names import normalise_person
from crmcore_italy.phones import read_phones
from crmcore_italy.places import find_municipality, normalise_postcode, normalise_province
from crmcore_italy.taxcodes import normalise_fiscal, normalise_vat

_ITALY: Final = "IT"
_E164: Final = re.compile(r"\+[1-9][0-9]{6,14}")
_PARTS: Final = ("street", "civic", "hamlet", "postcode", "municipality", "province")
Read = Callable[[str], str]


def phone(text: str) -> str:
    """Return one number in E.164; two, an extension, or words beside it are left for people.

    Raises:
        ValueError: for anything else.
    """
    if _E164.fullmatch(text):
        return text
    cell = read_phones(text)
    if len(cell.numbers) != 1 or cell.rest or cell.numbers[0].extension:
        raise ValueError(text)
    return cell.numbers[0].e164


def _person(text: str) -> str:
    """Return a name in capitals or small letters as names are written; who wrote both meant them."""
    return normalise_person(text) if text.isupper() or text.islower() else tidy(text)


_ACCOUNT: Final[Mapping[str, Read]] = {
    "name": tidy,
    "phone1": phone,
    "email": normalise_email,
    "pec": normalise_email,
    "vat_code": normalise_vat,
    "fiscal_code": normalise_fiscal,
    "recipient_code": normalise_recipient,
}
_POINT: Final[Mapping[str, Read]] = {"phone": phone, "email": normalise_email, "pec": normalise_email}
_PERSON: Final[Mapping[str, Read]] = {"last_name": _person, "first_name": _person}


def _bring(change: Change, field: str, read: Read) -> None:
    value = change.record.__dict__.get(field)
    if field not in change.changes or not isinstance(value, str) or not value.strip():
        return
    try:
        normal = read(value)
    except ValueError:
        return
    if normal != value:
        change.set(field, normal)


def normalise_accounts(session: Session, changes: Sequence[Change]) -> None:
    """Bring the fields of accounts into their form."""
    del session
    for change in changes:
        for field, read in _ACCOUNT.items():
            _bring(change, field, read)


def normalise_people(session: Session, changes: Sequence[Change]) -> None:
    """Bring the names of people into their form."""
    del session
    for change in changes:
        for field, read in _PERSON.items():
            _bring(change, field, read)


def normalise_points(session: Session, changes: Sequence[Change]) -> None:
    """Bring phones and e-mails into their form, and keep what was given."""
    del session
    for change in changes:
        point = change.record
        if isinstance(point, ContactPoint) and point.kind in _POINT and isinstance(point.value, str):
            if "value" in change.changes and ("raw" not in change.changes or not point.raw):
                change.set("raw", point.value)
            _bring(change, "value", _POINT[point.kind])


def normalise_sites(session: Session, changes: Sequence[Change]) -> None:
    """Bring the parts of addresses into their form, keep what was given, and flag what contradicts itself."""
    gazetteer: Gazetteer | None = None
    for change in changes:
        site = change.record
        if not isinstance(site, Site):
            continue
        _bring(change, "phone", phone)
        if str(site.country or _ITALY).strip().upper() != _ITALY or not all(isinstance(getattr(site, part), str | None) for part in _PARTS):
            continue
        given = {part: getattr(site, part) for part in _PARTS}
        if not site.raw and any(given.values()):
            change.set("raw", address_text(site))
        read = _read(change, site, given)
        if read is None:
            continue
        if not site.istat_code or "istat_code" not in change.changes:
            gazetteer = gazetteer or gazetteer_of(session.settings("italy"))
            read |= _place(read, gazetteer, change)
        for field, value in read.items():
            if value != getattr(site, field):
                change.set(field, value)


def _read(change: Change, site: Site, given: Mapping[str, str | None]) -> dict[str, Any] | None:
    """Return the parts of an address in their form: those given, or, where only its text is, what that says."""
    if not any(given.values()):
        return dict(read_address(site.raw).as_site()) if "raw" in change.changes and site.raw else None
    if change.changes.keys().isdisjoint(_PARTS):
        return None
    found: dict[str, Any] = dict(given)
    street = given["street"]
    if street and "street" in change.changes:
        parts = read_address(street).as_site()
        # A town in the street's text is believed only where it has no field of its own; else the text is taken as it is.
        if not parts["municipality"] and not parts["postcode"]:
            found["street"] = parts["street"] or street
            found["civic"] = given["civic"] or parts["civic"]
            found["hamlet"] = given["hamlet"] or parts["hamlet"]
    for field, normalise in (("postcode", normalise_postcode), ("province", normalise_province)):
        if found[field]:
            try:
                found[field] = normalise(found[field])
            except ValueError:
                continue
    return found


def _place(parts: Mapping[str, Any], gazetteer: Gazetteer, change: Change) -> dict[str, Any]:
    """Return municipality, province and ISTAT code of the one place that a name means; a province that it does not lie in is flagged."""
    name, province = parts["municipality"], parts["province"] or ""
    if not name:
        return {}
    if change.changes.keys().isdisjoint(("municipality", "province", "postcode", "raw")):
        return {}
    found = find_municipality(name, gazetteer, province=province, postcode=parts["postcode"] or "")
    if len(found) == 1 and found[0].istat:
        return {"municipality": found[0].name, "province": found[0].province, "istat_code": found[0].istat}
    moved = {"istat_code": None} if "municipality" in change.changes else {}
    if not found and province and find_municipality(name, gazetteer):
        return {**moved, "address_unverified": True}
    return moved


NORMALISERS: Final = (
    Normaliser(entity="account", fields=tuple(_ACCOUNT), fn=normalise_accounts),
    Normaliser(entity="site", fields=(*_PARTS, "raw", "phone"), fn=normalise_sites),
    Normaliser(entity="contact_point", fields=("value", "kind"), fn=normalise_points),
    Normaliser(entity="person", fields=tuple(_PERSON), fn=normalise_people),
)
