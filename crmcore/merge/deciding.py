"""Decide what the fields and characteristics of the survivor become (S07)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import attrs
from sqlalchemy import BindParameter, bindparam, select

from crmcore.changesets.rows import table_of
from crmcore.characteristics.scope import Places, read_places
from crmcore.characteristics.state import state_of
from crmcore.characteristics.targets import REFERENCE
from crmcore.merge.survivorship import UNION, Candidate, Rules, same
from crmcore.merge.values import FieldDecision
from crmcore.model import AUDIT, Account, CharacteristicChange
from crmcore.settings import MERGE_FIELDS

if TYPE_CHECKING:
    from crmcore.characteristics.definitions import Definition
    from crmcore.session import Session

CHARACTERISTIC: Final = "c."
"""What the name of a characteristic begins with among fields."""
HISTORY_SOURCE: Final = "event:account.merged"
"""What history shows as the source of what a merge wrote, before a colon and the number of the merge."""
_POINTS: Final[Mapping[str, str]] = {"phone1": "phone", "email": "email", "pec": "pec", "web": "web"}
"""Field → kind of the contact point that another account's value becomes."""

_Dates = dict[tuple[int, str], tuple[datetime, str]]
"""Account and name → since when it has its value, and what wrote it."""
_DatesOf = Callable[[Sequence[str], Mapping[str, Sequence[Candidate]]], _Dates]


@attrs.frozen
class Decisions:
    """What becomes of the survivor, and the addresses of the others that are no field of it any more: kind and value."""

    fields: tuple[FieldDecision, ...]
    points: tuple[tuple[str, str], ...]

    def changed(self) -> list[FieldDecision]:
        """Return the decisions that change something."""
        return [each for each in self.fields if not same(each.old, each.new)]


class Decider:
    """Decides for one merge; ``accounts`` are in their order, the survivor first."""

    def __init__(self, session: Session, accounts: Sequence[Account], rules: Rules) -> None:
        self._session = session
        self._accounts = accounts
        self._rules = rules
        self._ids = [account.id for account in accounts]

    def decide(self) -> Decisions:
        """Return all decisions."""
        survivor = self._accounts[0]
        values = {field: [getattr(account, field) for account in self._accounts] for field in MERGE_FIELDS}
        now = {field: each[0] for field, each in values.items()}
        found = self._choose("", values, now, self._rules.of_field, self._field_dates)
        points = []
        for decision in found:
            kind = _POINTS.get(decision.field)
            if kind is not None and decision.rule == UNION:
                points += [(kind, value) for value in dict.fromkeys(decision.values.values()) if value and value != decision.new]
        values = self._characteristics()
        now = {key: survivor.characteristics.get(key) for key in values}
        found += self._choose(CHARACTERISTIC, values, now, self._rules.of_characteristic, self._characteristic_dates)
        return Decisions(tuple(found), tuple(points))

    def _choose(
        self, prefix: str, values: Mapping[str, Sequence[Any]], now: Mapping[str, Any], rule_of: Callable[[str], str], dates_of: _DatesOf
    ) -> list[FieldDecision]:
        """Decide about some names; dates are read once, and only if some rule wants to know them."""
        wanted = {name: each for name, each in values.items() if not all(same(value, now[name]) for value in each)}
        candidates = {name: self._candidates(each) for name, each in wanted.items()}
        dated = [name for name, each in candidates.items() if each and self._rules.needs_dates(rule_of(name), each)]
        dates = dates_of(dated, candidates) if dated else {}
        found = []
        for name, each in candidates.items():
            known = each
            if name in dated:
                known = [attrs.evolve(one, at=dates[one.account_id, name][0], source=dates[one.account_id, name][1]) for one in each]
            rule = rule_of(name)
            new, whose = self._take(name, rule, known)
            said = {account: value for account, value in zip(self._ids, wanted[name], strict=True) if value is not None}
            found.append(FieldDecision(field=prefix + name, rule=rule, old=now[name], new=new, account_id=whose, values=said))
        return found

    def _take(self, name: str, rule: str, known: Sequence[Candidate]) -> tuple[Any, int | None]:
        if not known:
            return None, None
        if rule == UNION and name in _POINTS:
            # One of them is the field; the others go along as contact points.
            return known[0].value, known[0].account_id
        return self._rules.choose(rule, known)

    def _candidates(self, values: Sequence[Any]) -> list[Candidate]:
        return [
            Candidate(place, account.id, value, account.updated_at)
            for place, (account, value) in enumerate(zip(self._accounts, values, strict=True))
            if value is not None and value not in ("", [])
        ]

    # Since when

    def _field_dates(self, names: Sequence[str], candidates: Mapping[str, Sequence[Candidate]]) -> _Dates:
        """Read from the audit when each account got the value that it has."""
        found = self._fallback(names)
        values = {(each.account_id, name): each.value for name in names for each in candidates[name]}
        for account_id, at, source, changes in self._session.orm.connection().execute(_AUDITED, {"ids": self._ids}):
            for name in names:
                pair = changes.get(name)
                if pair is not None and (account_id, name) in values and pair[1] == values[account_id, name]:
                    found[account_id, name] = (at, source)
        return found

    def _characteristic_dates(self, keys: Sequence[str], candidates: Mapping[str, Sequence[Candidate]]) -> _Dates:
        """Read from the history of values when each account got the one that it has; what merges wrote is older than they are."""
        found = self._fallback(keys)
        values = {(each.account_id, key): each.value for key in keys for each in candidates[key]}
        for account_id, key, new, at, source in self._session.orm.connection().execute(_CHANGED, {"ids": self._ids, "keys": list(keys)}):
            if (account_id, key) in values and same(new, values[account_id, key]):
                found[account_id, key] = (at, source)
        return found

    def _fallback(self, names: Iterable[str]) -> _Dates:
        """Without a trace of it, a value is as old as its account."""
        return {(account.id, name): (account.created_at, "") for account in self._accounts for name in names}

    # Characteristics

    def _characteristics(self) -> dict[str, list[Any]]:
        """Return the characteristics that may be decided: those that exist where the survivor will be, and that nothing computes."""
        definitions = state_of(self._session).of(Account.entity_name())
        maps = [account.characteristics for account in self._accounts]
        keys = dict.fromkeys(key for each in maps for key in each)
        chosen = [
            definitions[key]
            for key in keys
            if key in definitions and definitions[key].spec.compute is None and not definitions[key].obsolete
        ]
        inside = self._in_scope(chosen)
        return {each.key: [self._value(each, values.get(each.key)) for values in maps] for each in chosen if each.key in inside}

    def _value(self, definition: Definition, value: Any) -> Any:  # noqa: ANN401 - any JSON value
        """Return a value; one that leads to an account of this merge leads nowhere, because nothing refers to itself."""
        to_account = definition.spec.type == REFERENCE and definition.spec.target == Account.entity_name()
        return None if to_account and value in self._ids else value

    def _in_scope(self, definitions: Sequence[Definition]) -> set[str]:
        bound = [each for each in definitions if each.bound]
        if not bound:
            return {each.key for each in definitions}
        places = read_places(self._session, bound, self._ids)
        survivor, *others = self._ids
        mine = list(places.accounts.get(survivor, ()))
        for other in others:
            # The portfolio of the survivor stays; one in another unit goes along.
            mine += [place for place in places.accounts.get(other, ()) if place[0] not in {unit for unit, _ in mine}]
        after = Places(defaultdict(tuple, {survivor: mine}), places.portfolios)
        return {each.key for each in definitions if after.contain(each, survivor)}


_AUDIT: Final = AUDIT.c
_IDS: Final[BindParameter[Any]] = bindparam("ids", expanding=True)
_AUDITED: Final = (
    select(_AUDIT.entity_id, _AUDIT.at, _AUDIT.source, _AUDIT.changes)
    .where(_AUDIT.entity == Account.entity_name(), _AUDIT.entity_id.in_(_IDS))
    .order_by(_AUDIT.id)
)
_CHANGE: Final = table_of(CharacteristicChange).c
_CHANGED: Final = (
    select(_CHANGE.record_id, _CHANGE.key, _CHANGE.new, _CHANGE.at, _CHANGE.source)
    .where(_CHANGE.entity == Account.entity_name(), _CHANGE.record_id.in_(_IDS), _CHANGE.key.in_(bindparam("keys", expanding=True)))
    .where(~_CHANGE.source.startswith(HISTORY_SOURCE))
    .order_by(_CHANGE.at, _CHANGE.id)
)
