"""What belongs to an account, through the API: sites, people, preferences, relations and external keys."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, TypeVar, Unpack

from sqlalchemy import ColumnElement, select

from crmcore.accounts import building
from crmcore.accounts.contact import Subject, check_contacts
from crmcore.accounts.parties import CHANNELS, names
from crmcore.accounts.relations import relate, relations_of
from crmcore.accounts.values import ContactCheck, ContactPointData, KeyRef, PersonFields, Related, SiteFields, unknown_fields
from crmcore.errors import Problem, ValidationFailed
from crmcore.model import Account, AccountPortfolio, AccountRole, ContactPoint, ExternalKey, Person, Preference, Relation, Site

if TYPE_CHECKING:
    from crmcore.session import Session

C = TypeVar("C", AccountPortfolio, AccountRole, ExternalKey)


def is_key(ref: KeyRef) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions for one external key."""
    return (
        ExternalKey.source == ref.source,
        ExternalKey.company == ref.company,
        ExternalKey.stream == ref.stream,
        ExternalKey.key == ref.key,
    )


class MembersApi:
    """The part of `AccountsApi` about what belongs to an account."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add_site(self, account: Account, **fields: Unpack[SiteFields]) -> Site:
        """Add a site and return it; the commit flags an address whose parts disagree, and refuses a second legal site (I-8, I-9).

        Raises:
            ValidationFailed: ``FIELD_UNKNOWN``.
        """
        building.refuse(unknown_fields(Site, fields))
        return self._session.add(building.site_of(account, fields))

    def add_person(self, account: Account, last_name: str, **fields: Unpack[PersonFields]) -> Person:
        """Add a contact person, with addresses and preferences, and return it.

        Raises:
            ValidationFailed: ``FIELD_UNKNOWN``.
        """
        building.refuse(building.person_problems([fields]))
        made = building.person_of(account, {"last_name": last_name, **fields})
        for each in made:
            self._session.add(each)
        person = made[0]
        assert isinstance(person, Person)  # noqa: S101 - the person comes first
        return person

    def add_contact_point(self, owner: Account | Person, **fields: Unpack[ContactPointData]) -> ContactPoint:
        """Add a phone, e-mail or web address of an account, or of a person, and return it.

        Raises:
            ValidationFailed: ``FIELD_UNKNOWN``.
        """
        building.refuse(unknown_fields(ContactPoint, fields))
        person = owner if isinstance(owner, Person) else None
        account = owner.account if isinstance(owner, Person) else owner
        return self._session.add(building.point_of(account, fields, person))

    # Preferences and contact

    def set_preference(self, person: Person, purpose: str, channel: str, allowed: bool | None) -> None:  # noqa: FBT001 - it is the value
        """Set one cell of the preference matrix of a person: yes, no, or None for not known (B06)."""
        cell = next((cell for cell in self._cells(person) if (cell.purpose, cell.channel) == (purpose, channel)), None)
        if cell is None:
            if allowed is not None:
                self._session.add(building.cell_of(person, purpose, channel, allowed=allowed))
        elif allowed is None:
            self._remove(cell)
        else:
            # Takes it back, if it was to be deleted.
            self._session.add(cell).allowed = allowed

    def preferences(self, person: Person) -> dict[str, dict[str, bool | None]]:
        """Return the whole matrix of a person, purpose by purpose and channel by channel; None where nobody asked."""
        known = {(cell.purpose, cell.channel): cell.allowed for cell in self._cells(person) if cell not in self._session.orm.deleted}
        purposes = (*names(self._session, "contact_purposes"), *(purpose for purpose, _ in known))
        return {purpose: {channel: known.get((purpose, channel)) for channel in CHANNELS} for purpose in dict.fromkeys(purposes)}

    def _cells(self, person: Person) -> list[Preference]:
        waiting = [cell for cell in self._session.orm.new if isinstance(cell, Preference) and cell.person is person]
        # A new person has none in the database.
        written = [] if person.id is None else self._session.scalars(select(Preference).where(Preference.person_id == person.id)).all()  # type: ignore[redundant-expr] # new
        return [*written, *waiting]

    def may_contact(self, subject: Subject, purpose: str, channel: str) -> ContactCheck:
        """Return whether a person, or an account itself, may be contacted, with every reason why not (I-10).

        A person needs a yes in the preference matrix, and for marketing a consent that was not revoked; both need an address that works.

        Raises:
            ValidationFailed: ``VALUE_INVALID`` for a purpose or channel that this deployment does not have.
        """
        return self.may_contact_all([subject], purpose, channel)[subject]

    def may_contact_all(self, subjects: Iterable[Subject], purpose: str, channel: str) -> dict[Subject, ContactCheck]:
        """Return the same for many, in a fixed number of queries: who of a mailing gets it, and why the others do not."""
        return check_contacts(self._session, subjects, purpose, channel)

    # Relations and keys

    def relate(self, kind: str, account: Account, other: Account | Person, *, notes: str = "") -> Relation:
        """Relate an account to another account, or to a person of another one (B08, B09), and return the relation.

        Raises:
            ValidationFailed: ``CODE_UNKNOWN`` or ``CODE_OBSOLETE`` for the kind.
        """
        return relate(self._session, kind, account, other, notes)

    def relations(self, subject: Account | Person, *, lang: str | None = None) -> list[Related]:
        """Return the relations of an account with its people, or of one person, read from their side, in one query."""
        return relations_of(self._session, subject, lang or self._session.crm.lang)

    def link(self, account: Account, source: str, key: str, *, company: str = "", stream: str = "") -> ExternalKey:
        """Give an account a key in another system, and return it; giving the same one again changes nothing.

        Raises:
            ValidationFailed: ``EXTERNAL_KEY_TAKEN`` when it is the key of another record.
        """
        ref = KeyRef(source, key, company, stream)
        # Whether it is taken is so for all.
        with self._session.guard.lifted():
            present = self._session.scalar(select(ExternalKey).where(*is_key(ref)))
        if present is None:
            return self._session.add(building.key_of(account, ref))
        if (present.entity, present.entity_id) != ("account", account.id):
            params = {"source": source, "key": key, "entity": present.entity, "id": present.entity_id}
            raise ValidationFailed("VALIDATION_FAILED", [Problem(code="EXTERNAL_KEY_TAKEN", params=params)])
        found: ExternalKey = present
        return found

    def keys(self, account: Account) -> Sequence[KeyRef]:
        """Return the keys of an account in other systems."""
        mine = select(ExternalKey).where(ExternalKey.entity == "account", ExternalKey.entity_id == account.id)
        # Keys are the platform's, and exist for no user; the account does, or the actor would not have it.
        with self._session.guard.lifted():
            found = self._session.scalars(mine.order_by(ExternalKey.source, ExternalKey.company, ExternalKey.stream, ExternalKey.key)).all()
        return [KeyRef(each.source, each.key, each.company, each.stream) for each in found]

    # What is already there

    def _present(self, cls: type[C], account: Account, fits: Callable[[C], bool], condition: ColumnElement[bool]) -> C | None:
        """Return a record of an account that is in the database or waits to be written; one that waits to be deleted is taken back."""
        for record in self._session.orm.new:
            if isinstance(record, cls) and record.account is account and fits(record):
                return record
        if account.id is None:
            return None
        found = self._session.scalar(select(cls).where(cls.account == account, condition))
        return None if found is None else self._session.add(found)

    def _remove(self, record: AccountPortfolio | AccountRole | Preference) -> None:
        if record in self._session.orm.new:
            self._session.orm.expunge(record)
        else:
            self._session.delete(record)
