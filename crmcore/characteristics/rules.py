"""What must hold of every change to characteristics and their definitions, whoever makes it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy.orm.attributes import get_history

from crmcore.characteristics.defining import check_definitions
from crmcore.characteristics.history import record_history
from crmcore.characteristics.refusals import audit_refusals
from crmcore.characteristics.rulebook import RuleBook, book_of
from crmcore.characteristics.ruling import Ruled, Ruling, Scope
from crmcore.characteristics.scope import Places, account_of, read_places, read_portfolios, scope_label
from crmcore.characteristics.state import UnitState, state_of
from crmcore.characteristics.targets import missing_targets
from crmcore.characteristics.values import Checked, check_values
from crmcore.errors import Problem
from crmcore.events import RecordVerb
from crmcore.model import Account, AccountPortfolio, CharacteristicRow, Entity
from crmcore.session.fields import plan_of

if TYPE_CHECKING:
    from crmcore.characteristics.definitions import Definition
    from crmcore.session import Change, Session

_COLUMN = "characteristics"


def check(session: Session, changes: Sequence[Change]) -> Iterable[Problem]:
    """Return what is wrong with the changes of one flush, and bring values into the form that is stored."""
    problems: list[Problem] = []
    definitions = [change for change in changes if isinstance(change.record, CharacteristicRow)]
    if definitions:
        problems += check_definitions(session, definitions)
    places = _places_of_new(session, changes)
    for change in changes:
        if change.verb is not RecordVerb.DELETED and plan_of(type(change.record)).has_characteristics:
            problems += _check_record(session, change, places)
    return problems


def check_commit(session: Session, changes: Sequence[Change]) -> Iterable[Problem]:
    """Return what is wrong with the values of a whole commit: out of scope, missing, or referring to nothing."""
    touched: dict[Entity, set[str]] = defaultdict(set)
    created: set[Entity] = set()
    for change in changes:
        if not plan_of(type(change.record)).has_characteristics or change.verb is RecordVerb.DELETED:
            continue
        if change.verb is RecordVerb.CREATED:
            created.add(change.record)
        old, new = change.changes.get(_COLUMN, (None, None))
        if old or new or change.verb is RecordVerb.CREATED:
            touched[change.record] |= _differing(old or {}, new or {})
    return list(_commit_problems(session, touched, created)) if touched else []


def _places_of_new(session: Session, changes: Sequence[Change]) -> Places | None:
    """Return where new accounts will be, by their identity, when some definition with a default or a rule wants to know."""
    if not any(isinstance(change.record, Account) and change.verb is RecordVerb.CREATED for change in changes):
        return None
    definitions = state_of(session).of(Account.entity_name()).values()
    bound = [each for each in definitions if each.bound and (each.spec.default is not None or each.spec.compute is not None)]
    if not bound:
        return None
    homes = [
        (id(account), change.record.portfolio_id or change.record.portfolio.id)
        for change in changes
        if isinstance(change.record, AccountPortfolio) and (account := change.record.__dict__.get("account")) is not None
    ]
    return read_portfolios(session, bound, homes)


def _check_record(session: Session, change: Change, places: Places | None) -> list[Problem]:
    """Check the values of one record, and run its rules; what is stored is set on the record and in the change."""
    state = state_of(session)
    book = book_of(session.crm.rules, state.definitions, change.entity) if any(state.of(change.entity)) else None
    fields = book.fields.intersection(change.changes) if book is not None else ()
    if _COLUMN not in change.changes and change.verb is not RecordVerb.CREATED and not fields:
        return []
    given = getattr(change.record, _COLUMN)
    if not isinstance(given, Mapping):
        return []  # told by the check of the column
    definitions = state.of(change.entity)
    if not given and not definitions and _COLUMN not in change.changes:
        return []
    checked = _check_given(state, change, given, places)
    problems = [*checked.problems, *_taken_away(change, definitions, checked.changed - checked.stored.keys())]
    result = Ruled(dict(checked.stored), set(checked.changed), problems)
    if book is not None and not book.empty and not problems and session.unit.tells:
        _rule(session, change, book, result, fields, places)
    if not result.problems:
        _keep(session, state, change, given, result)
    return result.problems


def _check_given(state: UnitState, change: Change, given: Mapping[str, Any], places: Places | None) -> Checked:
    """Check what somebody wrote, with the defaults of what nobody did."""
    definitions = state.of(change.entity)
    old, new = change.changes.get(_COLUMN, (given, given) if change.verb is not RecordVerb.CREATED else (None, {}))
    old, new = old or {}, new or {}
    if change.verb is RecordVerb.CREATED:
        # One that is bound and whose account is not yet in its portfolio waits for `fill_defaults`.
        here = id(change.record)
        defaults = {
            key: each
            for key, each in definitions.items()
            if key not in new and (not each.bound or (places is not None and places.contain(each, here)))
        }
        new = {**new, **_defaults(state, change.record, defaults)}
    writers = state.writers(change.record, new) if state.automatic else {}
    return check_values(change.entity, new, old, definitions, writers, state.writer)


def _rule(session: Session, change: Change, book: RuleBook, result: Ruled, fields: Collection[str], places: Places | None) -> None:
    """Run the rules of a record; what they refuse is audited when the unit of work ends with it."""
    state = state_of(session)
    definitions = state.of(change.entity)
    ruling = Ruling(
        session=session,
        state=state,
        book=book,
        record=change.record,
        definitions=definitions,
        previous=(change.changes.get(_COLUMN) or (getattr(change.record, _COLUMN), None))[0] or {},
        scope=Scope(session, change.record, [rule.definition for rule in book.rules() if rule.definition.bound], places),
        result=result,
        created=change.verb is RecordVerb.CREATED,
    )
    ruling.run(fields)
    session.characteristics.warn(result.warnings)
    audit_refusals(session, change, result.problems)


def _keep(session: Session, state: UnitState, change: Change, given: Mapping[str, Any], result: Ruled) -> None:
    if result.stored != dict(given) or result.changed:
        setattr(change.record, _COLUMN, dict(result.stored))
    if _COLUMN in change.changes or result.changed:
        before = change.changes.get(_COLUMN, (dict(given) if change.verb is RecordVerb.UPDATED else None, None))[0]
        change.changes[_COLUMN] = (before, dict(result.stored))
    if result.changed:
        _record_later(session, state)
    elif change.verb is RecordVerb.UPDATED and _COLUMN in change.changes:
        _forget(change)


def _defaults(state: UnitState, record: Entity, definitions: Mapping[str, Definition]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, definition in definitions.items():
        if definition.spec.default is not None and not definition.obsolete:
            found[key] = definition.normalise(definition.spec.default)
            # A default is a rule of the definition: it also fills what people may not write.
            state.automatic[record, key] = ("rule:default", found[key])
    return found


def _taken_away(change: Change, definitions: Mapping[str, Definition], keys: Iterable[str]) -> Iterator[Problem]:
    for key in keys:
        definition = definitions.get(key)
        if definition is not None and definition.spec.mandatory and not definition.obsolete:
            yield _missing(change.entity, change.id, definition)


def _missing(entity: str, key: int | None, definition: Definition) -> Problem:
    params = {"entity": entity, "id": key, "key": definition.key, "label": definition.spec.label}
    return Problem(code="CHARACTERISTIC_MISSING", params=params)


def _forget(change: Change) -> None:
    """Leave a record alone whose values were only written otherwise: the same value is no change, and no new version."""
    del change.changes[_COLUMN]
    if change.changes or change.before:
        return
    for stamp in ("updated_at", "updated_by"):
        before = get_history(change.record, stamp).deleted
        if before:
            setattr(change.record, stamp, before[0])


def _record_later(session: Session, state: UnitState) -> None:
    if not state.recording and session.unit.tells:
        state.recording = True
        session.unit.finishers.append(lambda connection: record_history(session, connection))


def _differing(old: Mapping[str, Any], new: Mapping[str, Any]) -> set[str]:
    return {key for key in {*old, *new} if old.get(key) != new.get(key) or type(old.get(key)) is not type(new.get(key))}


def _commit_problems(session: Session, touched: Mapping[Entity, set[str]], created: set[Entity]) -> Iterator[Problem]:
    state = state_of(session)
    needs_places = {
        each
        for record, keys in touched.items()
        for key, each in state.of(record.entity_name()).items()
        if each.bound and (key in keys or (record in created and each.spec.mandatory))
    }
    # Without a bound definition nobody needs to know where the accounts are.
    accounts = {found for record in touched if (found := account_of(record)) is not None} if needs_places else set()
    places = read_places(session, needs_places, accounts) if accounts else None
    for record, keys in touched.items():
        entity, values = record.entity_name(), getattr(record, _COLUMN)
        for key, definition in state.of(entity).items():
            inside = not definition.bound or (places is not None and places.contain(definition, account_of(record)))
            if key in keys and not inside:
                params = {"entity": entity, "id": record.id, "key": key, "scope": scope_label(definition)}
                yield Problem(code="CHARACTERISTIC_OUT_OF_SCOPE", params=params)
            needed = record in created and definition.spec.mandatory and not definition.automatic and not definition.obsolete
            if needed and inside and key not in values:
                yield _missing(entity, record.id, definition)
    yield from missing_targets(session, touched)
