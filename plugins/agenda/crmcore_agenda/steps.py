"""One step of a template, a rule or a recurring activity: for whom, until when, with what to say."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, time
from typing import Any, Final

import attrs
from sqlalchemy import select

from crmcore import Account, Problem, Session
from crmcore.model import Person, User
from crmcore.scripting import ScriptError
from crmcore.scripting.templates import Missing, Templates, TemplateUnresolved
from crmcore_agenda.actions import Actions
from crmcore_agenda.codes import problem
from crmcore_agenda.model import Action, Lead, Role
from crmcore_agenda.settings import setting
from crmcore_agenda.timing import WORKING, shift

START: Final = "start"
PREVIOUS: Final = "previous_done"
FIELD: Final = "field:"
SELLER, OWNER, LEAD, STARTER, MANAGER = "seller", "owner", "lead", "starter", "manager"
Step = Mapping[str, Any]
"""A step as the configuration has it, with defaults filled in."""


class People:
    """Who has which role; the tables are read once, however many accounts are asked about."""

    def __init__(self, session: Session, given: Mapping[str, str] | None = None) -> None:
        self._session = session
        self._given = dict(given or {})
        self._roles: dict[str, str] | None = None
        self._sellers: dict[int, tuple[str, int | None]] | None = None
        self._logins: dict[int, str] = {}

    def who(self, step: Step, account: Account | None, lead: Lead | None, starter: str) -> str | None:
        """Return the login of who does a step, or None when nobody has its role."""
        role = str(step.get("role") or STARTER)
        given = step.get("person") or self._given.get(role)
        if given:
            return str(given)
        if role in {SELLER, MANAGER}:
            return self._seller(account, manager=role == MANAGER)
        near = {STARTER: starter or None, LEAD: lead.owner if lead else None, OWNER: account.owner if account else None}
        return near[role] if role in near else self._configured(role)

    def _configured(self, role: str) -> str | None:
        if self._roles is None:
            self._roles = {row.code: row.assignee for row in self._session.execute(select(Role.code, Role.assignee))}
        return self._roles.get(role)

    def _seller(self, account: Account | None, *, manager: bool) -> str | None:
        if account is None or account.seller_id is None:
            return None
        if self._sellers is None:
            rows = self._session.execute(select(User.id, User.login, User.salesperson_id, User.supervisor_id)).all()
            self._sellers = {row.salesperson_id: (row.login, row.supervisor_id) for row in rows if row.salesperson_id is not None}
            self._logins = {row.id: row.login for row in rows}
        found = self._sellers.get(account.seller_id)
        if found is None:
            return None
        return self._logins.get(found[1]) if manager and found[1] is not None else (None if manager else found[0])


@attrs.frozen(kw_only=True)
class Prepared:
    """A step that can be made into an action: everything that could be missing was found."""

    step: Step
    number: int
    assignee: str
    due: date
    text: str
    text_missing: bool


@attrs.define(kw_only=True, eq=False)
class Scene:
    """Where steps are made into actions: the account, the lead, who began, and what scripts may say."""

    session: Session
    name: str
    account: Account | None
    lead: Lead | None
    starter: str
    people: People
    extra: Mapping[str, Any] = attrs.field(factory=dict)
    contact: Person | None = None
    _context: dict[str, Any] | None = attrs.field(default=None, init=False)

    def prepare(self, step: Step, number: int, start: date, dates: Mapping[str, date]) -> Prepared | Problem:
        """Return a step with assignee, due date and text, or why it cannot be."""
        name = str(step.get("name") or step["kind"])
        assignee = self.people.who(step, self.account, self.lead, self.starter)
        if assignee is None:
            return problem("AGENDA_ROLE_EMPTY", self.name, role=step.get("role") or STARTER, step=name, template=self.name)
        anchor = str(step.get("anchor") or START)
        if anchor.startswith(FIELD):
            field = anchor.removeprefix(FIELD)
            found = dates.get(field) or self._date_of(field)
            if found is None:
                return problem("AGENDA_ANCHOR_MISSING", self.name, field=field, step=name, template=self.name)
            start = found
        unit, roll = str(step.get("unit") or WORKING), str(step.get("roll") or "")
        due = shift(self.session.crm.calendar, start, int(step.get("offset") or 0), unit, roll)
        text, missing = self._text(str(step.get("script") or ""))
        return Prepared(step=step, number=number, assignee=assignee, due=due, text=text, text_missing=missing)

    def make(self, prepared: Prepared, *, origin: str, open_key: str | None = None) -> Action:
        """Add the action of a step."""
        step = prepared.step
        made = Actions(self.session).add(
            str(step["kind"]),
            self.render(str(step.get("name") or step["kind"]))[:200],
            prepared.due,
            at=time.fromisoformat(step["at"]) if step.get("at") else None,
            minutes=step.get("minutes"),
            assignee=prepared.assignee,
            owner=self.lead.owner if self.lead is not None else (self.starter or prepared.assignee),
            account=self.account,
            lead=self.lead,
            priority=int(step.get("priority") or 0),
            mandatory=bool(step.get("mandatory", True)),
            text=prepared.text,
            origin=origin,
            open_key=open_key,
        )
        made.text_missing, made.step = prepared.text_missing, prepared.number
        return made

    def _date_of(self, field: str) -> date | None:
        """Return a date of the account: a characteristic, which has text."""
        value = self.account.characteristics.get(field) if self.account is not None else None
        try:
            return date.fromisoformat(value) if isinstance(value, str) else None
        except ValueError:
            return None

    def _text(self, script: str) -> tuple[str, bool]:
        """Return what to say, and whether it could not be written for want of a value (I-52)."""
        if not script:
            return "", False
        try:
            return Templates(self.session.crm.scripts).render(script, self.context(), missing=Missing.REFUSE).text, False
        except (TemplateUnresolved, ScriptError):
            return "", True

    def render(self, text: str) -> str:
        """Return a title with its placeholders filled in, those without a value left blank."""
        if "{" not in text:
            return text
        return Templates(self.session.crm.scripts).render(text, self.context(), missing=Missing.BLANK).text.strip()

    def context(self) -> dict[str, Any]:
        """Return what scripts may name: account, contact, company, lead, and what was given."""
        if self._context is None:
            found: dict[str, Any] = {"company": {"name": setting(self.session, "company")}}
            # Whoever begins it puts nothing into a text that is hidden from them.
            shown = self.session.shown
            if self.account is not None:
                account = shown(self.account)
                fields = {name: getattr(account, name) for name in ("name", "phone1", "email", "vat_code", "state")}
                found["account"] = fields | {"c": dict(account.characteristics)}
            if self.contact is not None:
                contact, names = shown(self.contact), ("title", "first_name", "last_name", "job_role")
                found["contact"] = {name: getattr(contact, name) or None for name in names}
            if self.lead is not None:
                lead = shown(self.lead)
                found["lead"] = {"title": lead.title, "value": lead.value}
            self._context = found | dict(self.extra)
        return self._context


def contacts_of(session: Session, accounts: Iterable[int]) -> dict[int, Person]:
    """Return the first contact person in use of each account, by account."""
    keys = list(accounts)
    found: dict[int, Person] = {}
    for start in range(0, len(keys), 500):
        some = keys[start : start + 500]
        wanted = select(Person).where(Person.account_id.in_(some), Person.disabled.is_(False)).order_by(Person.account_id, Person.id)
        for person in session.scalars(wanted):
            found.setdefault(person.account_id, person)
    return found
