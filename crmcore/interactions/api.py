"""The contact history through the API (E01 to E04, I-70)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, TypedDict, Unpack

import attrs
from sqlalchemy import Select, and_, func, literal, select, tuple_

from crmcore.errors import Problem, ValidationFailed
from crmcore.labels import Label
from crmcore.model import Account, Interaction, InteractionKind, Person
from crmcore.storage import batches

if TYPE_CHECKING:
    from crmcore.session import Session

_KIND: Final = Label("tipo di contatto", "kind of interaction")
_MEMO: Final = "interactions.kinds"


class InteractionFields(TypedDict, total=False):
    """What an entry of the history says beside its kind; ``mark`` is a satisfaction from 1 to 5, ``direction`` in, out or none."""

    text: str
    subject: str
    at: datetime
    direction: str
    function: str
    mark: int | None
    author: str


class Correction(TypedDict, total=False):
    """What a correction may say anew."""

    text: str
    subject: str
    at: datetime
    direction: str
    function: str
    mark: int | None
    kind: str


@attrs.frozen
class TimelineKey:
    """A place in a timeline: entries before it are older."""

    at: datetime
    id: int


@attrs.frozen(kw_only=True)
class TimelineEntry:
    """One line of a timeline; ``number`` counts its versions, of which this is the last."""

    id: int
    at: datetime
    kind: str
    label: str
    subject: str
    text: str
    author: str
    function: str
    direction: str
    mark: int | None
    number: int
    person_id: int | None
    person: str | None


@attrs.frozen
class Timeline:
    """A page of the contact history, newest first; ``next`` is where the following page begins, None at the end."""

    entries: tuple[TimelineEntry, ...]
    next: TimelineKey | None

    def __iter__(self) -> Iterator[TimelineEntry]:
        return iter(self.entries)

    def __len__(self) -> int:
        return len(self.entries)


class InteractionsApi:
    """Visits, phone calls, e-mails, notes, complaints, requests, evaluations. Get it as ``session.interactions``."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def kinds(self, *, obsolete: bool = False) -> Sequence[InteractionKind]:
        """Return the kinds of interaction in the order of their labels, the obsolete ones only on request."""
        wanted = select(InteractionKind).order_by(InteractionKind.label_it)
        return self._session.scalars(wanted if obsolete else wanted.where(InteractionKind.obsolete.is_(False))).all()

    def add(self, account: Account, kind: str, *, person: Person | None = None, **fields: Unpack[InteractionFields]) -> Interaction:
        """Add an entry to the contact history of an account, with the actor as its author, and return it.

        ``at`` is when it happened (default: now). Imports and system actors may name another ``author``.

        Raises:
            ValidationFailed: ``CODE_UNKNOWN`` or ``CODE_OBSOLETE`` for the kind.
        """
        values: dict[str, Any] = {"at": self._session.now(), "author": self._session.actor.name, **fields}
        made = Interaction(account_id=account.id, kind_id=self._kind(kind), **values)
        made.account = account
        if person is not None:
            made.person = person
        return self._session.add(made)

    def correct(self, interaction: Interaction, **fields: Unpack[Correction]) -> Interaction:
        """Add a new version of an entry, with the actor as its author, and return it; the old one stays, and is not shown (I-70).

        Raises:
            ValidationFailed: ``INTERACTION_REPLACED`` when there is a newer version already.
        """
        if not interaction.current:
            raise ValidationFailed("VALIDATION_FAILED", [Problem(code="INTERACTION_REPLACED", params={"id": interaction.id})])
        kind = fields.pop("kind", None)
        kept = ("at", "subject", "text", "direction", "function", "mark", "account_id", "person_id", "kind_id")
        values: dict[str, Any] = {key: getattr(interaction, key) for key in kept} | dict(fields)
        if kind is not None:
            values["kind_id"] = self._kind(kind)
        made = Interaction(author=self._session.actor.name, number=interaction.number + 1, **values)
        if interaction.id is None:
            self._session.flush()
            made.account_id = interaction.account_id
        made.replaces = interaction
        interaction.current = False
        return self._session.add(made)

    def versions(self, interaction: Interaction) -> list[Interaction]:
        """Return every version of an entry that led to this one, oldest first."""
        found = [interaction]
        while found[-1].replaces_id is not None:
            found.append(self._session.require(Interaction, found[-1].replaces_id))
        return found[::-1]

    def timeline(self, account: Account, *, before: TimelineKey | None = None, limit: int = 50, lang: str | None = None) -> Timeline:
        """Return a page of the contact history of an account, newest first, in one query.

        ``before`` is the ``next`` of the page before; pages neither repeat nor miss an entry while others are added.
        """
        english = (lang or self._session.crm.lang) == "en"
        query = timeline_query(account.id, before, limit + 1, self._session.shown_columns(*SHOWN))
        rows = self._session.execute(query).all()
        entries = tuple(
            TimelineEntry(
                id=row.id,
                at=row.at,
                kind=row.code,
                label=(row.label_en if english else "") or row.label_it,
                subject=row.subject,
                text=row.text,
                author=row.author,
                function=row.function,
                direction=row.direction,
                mark=row.mark,
                number=row.number,
                person_id=row.person_id,
                person=None if row.person_id is None else f"{row.first_name or ''} {row.last_name or ''}".strip(),
            )
            for row in rows[:limit]
        )
        return Timeline(entries, TimelineKey(entries[-1].at, entries[-1].id) if entries and len(rows) > limit else None)

    def last_contacts(self, accounts: Iterable[int]) -> dict[int, datetime]:
        """Return when somebody was last in contact with each of these accounts, by id; one that never was contacted is left out.

        One query for up to 10,000 accounts. Notes and the like are no contact (`InteractionKind.counts_as_contact`).
        """
        found: dict[int, datetime] = {}
        for some in batches(list(dict.fromkeys(accounts))):
            rows = self._session.execute(last_contact_query().where(Interaction.account_id.in_(some)))
            found.update({row.account_id: row.last for row in rows})
        return found

    def _kind(self, code: str) -> int:
        kinds: dict[str, tuple[int, bool]] = self._session.unit.memo.setdefault(_MEMO, {})
        if code not in kinds:
            rows = self._session.execute(select(InteractionKind.code, InteractionKind.id, InteractionKind.obsolete))
            kinds.update({row.code: (row.id, row.obsolete) for row in rows})
        key, obsolete = kinds.get(code, (None, False))
        if key is None or obsolete:
            problem = Problem(code="CODE_UNKNOWN" if key is None else "CODE_OBSOLETE", params={"what": _KIND, "code": code})
            raise ValidationFailed("VALIDATION_FAILED", [problem])
        return key


SHOWN: Final = (
    Interaction.subject,
    Interaction.text,
    Interaction.author,
    Interaction.function,
    Interaction.direction,
    Interaction.mark,
    Person.first_name,
    Person.last_name,
)
"""Columns of a timeline that may be hidden."""


def timeline_query(account: int, before: TimelineKey | None, limit: int, shown: Sequence[Any] = SHOWN) -> Select[*tuple[Any, ...]]:
    """Return the query for a page of a timeline, which the index on account, current, at and id answers in order."""
    wanted: Select[*tuple[Any, ...]] = (
        select(
            Interaction.id,
            Interaction.at,
            Interaction.number,
            Interaction.person_id,
            InteractionKind.code,
            InteractionKind.label_it,
            InteractionKind.label_en,
            *shown,
        )
        .join(InteractionKind, InteractionKind.id == Interaction.kind_id)
        .outerjoin(Person, Person.id == Interaction.person_id)
        .where(Interaction.account_id == account, Interaction.current.is_(True))
        .order_by(Interaction.at.desc(), Interaction.id.desc())
        .limit(limit)
    )
    if before is None:
        return wanted
    place = tuple_(literal(before.at, Interaction.at.type), literal(before.id))
    return wanted.where(tuple_(Interaction.at, Interaction.id) < place)


def last_contact_query() -> Select[int, datetime]:
    """Return the query for the last contact of every account, to be narrowed."""
    return (
        select(Interaction.account_id, func.max(Interaction.at).label("last"))
        .join(InteractionKind, and_(InteractionKind.id == Interaction.kind_id, InteractionKind.counts_as_contact.is_(True)))
        .where(Interaction.current.is_(True))
        .group_by(Interaction.account_id)
    )
