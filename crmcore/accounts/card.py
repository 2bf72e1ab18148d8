"""The card of an account: everything that a person wants to see at once, in a number of queries that does not grow."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import attrs
from sqlalchemy import select

from crmcore.interactions.api import Timeline
from crmcore.model import Account, ContactPoint, Person, Salesperson, Site

if TYPE_CHECKING:
    from crmcore.accounts.values import KeyRef, Related
    from crmcore.characteristics.definitions import Definition
    from crmcore.session import Session

_LATEST = 10


@attrs.frozen
class CardValue:
    """A characteristic as a card shows it: the label in the language of the reader, the typed value, and its text."""

    key: str
    label: str
    value: Any
    text: str


@attrs.frozen(kw_only=True)
class Card:
    """One account with all that belongs to it; only what the actor may see, but of records all values: see `shown`.

    ``portfolios`` is by number of business unit. ``seller`` is the name of who sells to it today, with ``seller_code``; both are None
    when it is nobody. ``latest`` is the newest page of its contact history.
    """

    account: Account
    roles: tuple[str, ...]
    portfolios: Mapping[int, str]
    contact_points: tuple[ContactPoint, ...]
    sites: tuple[Site, ...]
    people: tuple[Person, ...]
    relations: tuple[Related, ...]
    keys: tuple[KeyRef, ...]
    characteristics: tuple[CardValue, ...]
    seller_code: str | None
    seller: str | None
    latest: Timeline

    def shown(self, session: Session) -> Card:
        """Return it with what is shown of its records to the actor, for screens and prints; see `Session.shown`."""
        show = session.shown
        return attrs.evolve(
            self,
            account=show(self.account),
            contact_points=tuple(map(show, self.contact_points)),
            sites=tuple(map(show, self.sites)),
            people=tuple(map(show, self.people)),
        )


def card_of(session: Session, account: Account, lang: str) -> Card:
    """Read the card of an account."""
    mine, seller_id = account.id, session.shown(account).seller_id
    found = session.get(Salesperson, seller_id) if seller_id is not None else None
    seller = session.shown(found) if found is not None else None
    accounts = session.accounts
    return Card(
        account=account,
        roles=tuple(sorted(accounts.roles(account))),
        portfolios={number: portfolio.code for number, portfolio in accounts.portfolios(account).items()},
        contact_points=tuple(
            session.scalars(
                select(ContactPoint)
                .where(ContactPoint.account_id == mine)
                .order_by(ContactPoint.kind, ContactPoint.position, ContactPoint.id)
            )
        ),
        sites=tuple(session.scalars(select(Site).where(Site.account_id == mine, Site.disabled.is_(False)).order_by(Site.id))),
        people=_people(session, mine),
        relations=tuple(accounts.relations(account, lang=lang)),
        keys=tuple(accounts.keys(account)),
        characteristics=_characteristics(session, account, lang),
        seller_code=seller.code if seller is not None else None,
        seller=seller.name if seller is not None else None,
        latest=session.interactions.timeline(account, limit=_LATEST, lang=lang),
    )


def _people(session: Session, account_id: int) -> tuple[Person, ...]:
    """Return the people of an account by name, as far as the actor sees it: their order does not tell the rest."""
    found = session.scalars(select(Person).where(Person.account_id == account_id, Person.disabled.is_(False)).order_by(Person.id))
    named = [(session.shown(each), each) for each in found]
    return tuple(each for shown, each in sorted(named, key=lambda pair: (pair[0].last_name, pair[0].first_name)))


def _characteristics(session: Session, account: Account, lang: str) -> tuple[CardValue, ...]:
    definitions = {each.key: each for each in session.characteristics.definitions()}
    # Obsolete ones are kept, and no longer on the card.
    return tuple(
        CardValue(key, definitions[key].spec.label.text(lang), value, text_of(definitions[key], value, account.characteristics[key], lang))
        for key, value in session.characteristics.values(account).items()
        if key in definitions
    )


def text_of(definition: Definition, value: object, stored: object, lang: str) -> str:
    """Return a value as people read it: the label of a choice, yes or no, numbers and days as they are written in Italy."""
    labels = {choice.code: choice.label.text(lang) for choice in definition.spec.choices}
    if labels:
        codes = stored if isinstance(stored, list) else [stored]
        return ", ".join(labels.get(str(code), str(code)) for code in codes)
    if isinstance(value, bool):
        return {"it": ("no", "sì"), "en": ("no", "yes")}[lang][value]
    if isinstance(value, date):
        return f"{value:%d/%m/%Y}" if lang == "it" else value.isoformat()
    if isinstance(value, Decimal):
        return f"{value}".replace(".", ",") if lang == "it" else f"{value}"
    return definition.kind.display(stored)
