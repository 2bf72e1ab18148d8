"""Why somebody sees a record, or not: every rule that was asked, and the one that decided (I-28)."""

from __future__ import annotations

import enum
from collections.abc import Callable
from datetime import date
from typing import TYPE_CHECKING, Any

import attrs
from sqlalchemy import select

from crmcore.access.functions import READ, part_of, reads_freely
from crmcore.access.reach import Organisation, Reach
from crmcore.access.service import subtrees
from crmcore.access.specs import Scope
from crmcore.labels import Label
from crmcore.model import AccountPortfolio, Entity, Portfolio, ScopeKind, Site, UserStatus, VisibilityKind, Zone

if TYPE_CHECKING:
    from crmcore.session import Session


class Answer(enum.StrEnum):
    """What one rule says."""

    GRANTED = "granted"
    DENIED = "denied"
    SILENT = "silent"
    """It neither grants nor denies: another rule decides."""


@attrs.frozen
class Step:
    """One rule that was asked: ``rule`` is its stable name, ``text`` what it found.

    An ``alternative`` is one of several rules of which any is enough. ``missing`` names what would make a rule that denies grant, each
    alone: ``function:customers.read``, ``scope:seller:A2``, ``see_private``, ``active``.
    """

    rule: str
    answer: Answer
    text: Label
    deciding: bool = False
    alternative: bool = False
    missing: tuple[str, ...] = ()


@attrs.frozen(kw_only=True)
class Explanation:
    """Whether a user may do something with a record, and why."""

    login: str
    entity: str
    id: int
    verb: str
    day: date
    granted: bool
    steps: tuple[Step, ...]

    @property
    def deciding(self) -> Step:
        """The rule that decided."""
        return next(step for step in self.steps if step.deciding)

    @property
    def grants(self) -> tuple[str, ...]:
        """The rules that grant at last, each of which is enough: without them there is no access. Empty for a refusal."""
        if not self.granted:
            return ()
        enough = tuple(step.rule for step in self.steps if step.alternative and step.answer is Answer.GRANTED)
        return enough or (self.deciding.rule,)

    @property
    def missing(self) -> tuple[str, ...]:
        """What would change the rule that denies, each alone; another rule may deny then. Empty where nothing helps, and for a grant."""
        return () if self.granted else self.deciding.missing

    def text(self, lang: str = "it") -> str:
        """Return it as lines to read."""
        words = {"it": {True: "concesso", False: "negato"}, "en": {True: "granted", False: "denied"}}[lang]
        marks = {Answer.GRANTED: "+", Answer.DENIED: "-", Answer.SILENT: " "}
        rule = {"it": "regola decisiva", "en": "deciding rule"}[lang]
        lines = [f"{self.login} · {self.entity} {self.id} · {self.verb} · {self.day.isoformat()}: {words[self.granted]}"]
        lines += [f"  {marks[step.answer]} {step.text.text(lang)}" + (f"  ← {rule}" if step.deciding else "") for step in self.steps]
        if self.missing:
            lines.append(f"  {'basterebbe' if lang == 'it' else 'enough would be'}: {', '.join(self.missing)}")
        return "\n".join(lines)


class Explainer:
    """Asks the rules in the order in which the guards combine them, on plain rows; works past the guard."""

    def __init__(self, session: Session, organisation: Organisation, day: date, *, dated: bool) -> None:
        self._session = session
        self._organisation = organisation
        self.day = day
        self._dated = dated
        self._rows: dict[tuple[type[Entity], int], Any] = {}

    def explain(self, reach: Reach | None, login: str, cls: type[Entity], key: int, verb: str) -> Explanation:
        """Return why a user may do something with a record, or not."""
        steps: list[Step] = []
        granted = self._ask(steps, reach, login, cls, key, verb)
        answer = Answer.GRANTED if granted else Answer.DENIED
        decided = max(number for number, step in enumerate(steps) if step.answer is answer)
        steps[decided] = attrs.evolve(steps[decided], deciding=True)
        return Explanation(login=login, entity=cls.entity_name(), id=key, verb=verb, day=self.day, granted=granted, steps=tuple(steps))

    def _ask(self, steps: list[Step], reach: Reach | None, login: str, cls: type[Entity], key: int, verb: str) -> bool:
        return self._user(steps, reach, login) and (
            reach is None or reach.open or (self._function(steps, reach, cls, verb) and self._row(steps, reach, cls, key))
        )

    def _user(self, steps: list[Step], reach: Reach | None, login: str) -> bool:
        if reach is None:
            steps.append(_denied("user", f"non esiste l'utente {login}", f"there is no user {login}"))
            return False
        if reach.open:
            steps.append(_granted("open", "nessun utente definito: tutti fanno tutto", "no users are defined: everybody does everything"))
            return True
        if self._organisation.users[login].status != UserStatus.ACTIVE:
            steps.append(_denied("user.blocked", f"l'utente {login} è bloccato", f"user {login} is blocked", "active"))
            return False
        steps.append(_granted("user", f"l'utente {login} è attivo", f"user {login} is active"))
        return True

    def _function(self, steps: list[Step], reach: Reach, cls: type[Entity], verb: str) -> bool:
        function = f"{part_of(cls)}.{verb}"
        if verb == READ and reads_freely(cls):
            steps.append(_granted("function", f"funzione {function}: libera per tutti", f"function {function}: free for everybody"))
            return True
        if reach.everything:
            steps.append(
                _granted("function", f"funzione {function}: nessun profilo la limita", f"function {function}: no profile limits it")
            )
            return True
        granted = reach.may(function)
        italian = f"funzione {function}: {'concessa' if granted else 'non concessa'} dal profilo {reach.profile}"
        english = f"function {function}: {'granted' if granted else 'not granted'} by profile {reach.profile}"
        if granted:
            steps.append(_granted("function", italian, english))
        else:
            steps.append(_denied("function", italian, english, f"function:{function}"))
        return granted

    def _row(self, steps: list[Step], reach: Reach, cls: type[Entity], key: int) -> bool:  # noqa: PLR0911 - one for each kind of path
        path = cls.__visibility__
        name = cls.entity_name()
        row = self._read(cls, key)
        if row is None:
            steps.append(_denied("record", f"{name} {key} non esiste", f"{name} {key} does not exist"))
            return False
        if path.kind is VisibilityKind.PUBLIC:
            steps.append(_granted("public", f"{name}: visibile a tutti", f"{name}: visible to everybody"))
            return True
        if path.kind is VisibilityKind.SYSTEM:
            steps.append(_denied("system", f"{name}: solo per il sistema", f"{name}: for the system only"))
            return False
        if path.kind is VisibilityKind.SCOPE:
            return self._account(steps, reach, row)
        if path.kind is VisibilityKind.OWNER:
            return self._owner(steps, reach, cls, row)
        if path.kind is VisibilityKind.PEOPLE:
            return self._among(steps, reach, cls, row)
        return self._parent(steps, reach, cls, row)

    def _read(self, cls: type[Entity], key: int) -> Any:  # noqa: ANN401 - a row
        """Return a row, read once for all users about whom is asked."""
        if (cls, key) not in self._rows:
            self._rows[cls, key] = self._session.execute(select(cls.__table__).where(cls.__table__.c.id == key)).first()
        return self._rows[cls, key]

    def _parent(self, steps: list[Step], reach: Reach, cls: type[Entity], row: Any) -> bool:  # noqa: ANN401 - a row
        column = cls.__visibility__.column or ""
        target = next(iter(cls.__table__.c[column].foreign_keys)).column.table
        parent = next((each for each in self._session.registry.entities.values() if each.__table__ is target), None)
        key = getattr(row, column)
        name = cls.entity_name()
        if parent is None or key is None:
            steps.append(_denied("path", f"{name} non appartiene a nulla di visibile", f"{name} belongs to nothing visible"))
            return False
        steps.append(_silent("path", f"{name} segue {parent.entity_name()} {key}", f"{name} follows {parent.entity_name()} {key}"))
        return self._function(steps, reach, parent, READ) and self._row(steps, reach, parent, key)

    def _owner(self, steps: list[Step], reach: Reach, cls: type[Entity], row: Any) -> bool:  # noqa: ANN401 - a row
        path = cls.__visibility__
        people = [each for column in (path.people or (path.column or "",)) if (each := getattr(row, column)) is not None]
        found: list[Step] = []
        if path.shared is not None and getattr(row, path.shared):
            found.append(_granted("shared", "condiviso con tutti", "shared with everybody"))
        if reach.all:
            found.append(_granted("scope:all", "ambito: tutto", "scope: everything"))
        if below := ", ".join(each for each in people if each in reach.logins):
            found.append(_granted("owner", f"di {below}, proprio o di un collaboratore", f"of {below}, oneself or somebody below"))
        steps += [attrs.evolve(step, alternative=True) for step in found]
        if not found:
            names = ", ".join(people)
            english = f"of {names}, neither oneself nor somebody below"
            steps.append(_denied("owner", f"di {names}, né proprio né di un collaboratore", english, f"scope:{ScopeKind.ALL.value}"))
        return bool(found)

    def _among(self, steps: list[Step], reach: Reach, cls: type[Entity], row: Any) -> bool:  # noqa: ANN401 - a row
        path, name = cls.__visibility__, f"{cls.entity_name()} {row.id}"
        if reach.login in [getattr(row, column) for column in path.people] or self._is_member(reach, cls, row):
            steps.append(_granted("people", f"{name}: {reach.login} vi lavora", f"{name}: {reach.login} works on it"))
            return True
        if path.private is not None and getattr(row, path.private) and not reach.see_private:
            steps.append(_denied("private", f"{name}: privato", f"{name}: private", "see_private"))
            return False
        if getattr(row, path.column or "") is not None:
            return self._parent(steps, reach, cls, row)
        return self._owner(steps, reach, cls, row)

    def _is_member(self, reach: Reach, cls: type[Entity], row: Any) -> bool:  # noqa: ANN401 - a row
        members = cls.__visibility__.members
        found = next((each for each in self._session.registry.entities.values() if members and each.__tablename__ == members.table), None)
        if members is None or found is None:
            return False
        columns = found.__table__.c
        wanted = select(columns.id).where(columns[members.key] == row.id, columns[members.login] == reach.login).limit(1)
        return self._session.scalar(wanted) is not None

    def _account(self, steps: list[Step], reach: Reach, row: Any) -> bool:  # noqa: ANN401 - a row
        name = f"account {row.id}"
        if row.private and row.owner != reach.login and not reach.see_private:
            english = f"{name}: private card of {row.owner}"
            steps.append(_denied("private", f"{name}: scheda privata di {row.owner}", english, "see_private"))
            return False
        if row.private:
            steps.append(_granted("private", f"{name}: scheda privata, consentita", f"{name}: private card, allowed"))
        asked = [self._scope(reach, scope, row) for scope in reach.scopes]
        steps += asked
        if any(step.answer is Answer.GRANTED for step in asked):
            # The last rule that grants is named: with several, each would have been enough.
            return True
        if not asked:
            steps.append(_denied("scope", "nessun ambito", "no scope"))
        steps[-1] = attrs.evolve(steps[-1], answer=Answer.DENIED, missing=self._would_take_in(reach, row))
        return False

    def _would_take_in(self, reach: Reach, row: Any) -> tuple[str, ...]:  # noqa: ANN401 - a row
        """Return scopes of which each would take an account in, the narrowest first."""
        key = self._seller_on_day(row)
        seller = self._organisation.sellers.get(key) if key is not None else None
        found = [Scope(ScopeKind.OWNER)] if row.owner == reach.login else []
        found.append(Scope(ScopeKind.SELLER, seller.code) if seller is not None else Scope(ScopeKind.UNASSIGNED))
        return tuple(f"scope:{scope}" for scope in (*found, Scope(ScopeKind.ALL)))

    def _scope(self, reach: Reach, scope: Scope, row: Any) -> Step:  # noqa: ANN401 - a row
        ask: Callable[[], tuple[bool, Label]] = {
            ScopeKind.ALL: lambda: (True, Label("tutto", "everything")),
            ScopeKind.OWNER: lambda: (row.owner == reach.login, Label(f"proprietario {row.owner or '—'}", f"owner {row.owner or '—'}")),
            ScopeKind.ZONE: lambda: self._zone(scope, row),
            ScopeKind.PORTFOLIO: lambda: self._portfolio(scope, row),
        }.get(scope.kind, lambda: self._seller(reach, scope, row))
        inside, found = ask()
        answer = Answer.GRANTED if inside else Answer.SILENT
        italian = f"ambito {scope}: {found.text('it')} → {'concesso' if inside else 'negato'}"
        english = f"scope {scope}: {found.text('en')} → {'granted' if inside else 'denied'}"
        return Step(f"scope:{scope}", answer, Label(italian, english), alternative=True)

    def _seller(self, reach: Reach, scope: Scope, row: Any) -> tuple[bool, Label]:  # noqa: ANN401 - a row
        sellers = self._organisation.sellers_of(scope, self._organisation.users[reach.login])
        seller = self._seller_on_day(row)
        inside = seller in sellers or (scope.kind is ScopeKind.UNASSIGNED and seller is None)
        codes = ", ".join(sorted(self._organisation.sellers[key].code for key in sellers))
        found = self._organisation.sellers.get(seller) if seller is not None else None
        text = f"seller in {{{codes}}}: account {row.id}.seller={found.code if found is not None else '—'}"
        return inside, Label(text, text)

    def _seller_on_day(self, row: Any) -> int | None:  # noqa: ANN401 - a row
        key: int | None = row.seller_id
        if self._dated:
            key = self._session.territory.seller_of(row.id, self.day).seller_id
        return key

    def _zone(self, scope: Scope, row: Any) -> tuple[bool, Label]:  # noqa: ANN401 - a row
        held = set(self._session.scalars(select(Site.zone_id).where(Site.account_id == row.id)))
        return bool(held & self._subtree(Zone, scope)), Label(f"sedi di account {row.id}", f"sites of account {row.id}")

    def _portfolio(self, scope: Scope, row: Any) -> tuple[bool, Label]:  # noqa: ANN401 - a row
        held = set(self._session.scalars(select(AccountPortfolio.portfolio_id).where(AccountPortfolio.account_id == row.id)))
        return bool(held & self._subtree(Portfolio, scope)), Label(f"portafogli di account {row.id}", f"portfolios of account {row.id}")

    def _subtree(self, cls: type[Zone | Portfolio], scope: Scope) -> frozenset[int]:
        return subtrees(self._session.orm.connection(), cls, [scope.target])


def _granted(rule: str, italian: str, english: str) -> Step:
    return Step(rule, Answer.GRANTED, Label(italian, english))


def _denied(rule: str, italian: str, english: str, *missing: str) -> Step:
    return Step(rule, Answer.DENIED, Label(italian, english), missing=missing)


def _silent(rule: str, italian: str, english: str) -> Step:
    return Step(rule, Answer.SILENT, Label(italian, english))
