"""The check of definitions that are rows: sound, unique, and changed only as their values allow."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from sqlalchemy import select

from crmcore.characteristics.definitions import OPTIONS, Definition, bind, spec_of
from crmcore.characteristics.expressions import raw_value_of
from crmcore.characteristics.rulebook import KINDS, read_rule
from crmcore.characteristics.soundness import definition_reasons, find_cycle
from crmcore.characteristics.state import overlay, state_of
from crmcore.errors import Problem
from crmcore.events import RecordVerb
from crmcore.hooks import DEPLOYMENT, CharacteristicDef
from crmcore.labels import Label
from crmcore.model import CharacteristicRow
from crmcore.scripting.host import script_problem

if TYPE_CHECKING:
    from crmcore.session import Change, Session

_FIXED = {
    "entity": Label("l'entità", "the entity"),
    "key": Label("la chiave", "the key"),
    "type": Label("il tipo", "the type"),
}


def check_definitions(session: Session, changes: Sequence[Change]) -> list[Problem]:
    """Return what is wrong with changed rows, and let the rest of the unit see them."""
    problems: list[Problem] = []
    written: list[CharacteristicRow] = []
    gone: list[CharacteristicRow] = []
    for change in changes:
        row = change.record
        if not isinstance(row, CharacteristicRow):
            continue
        if change.verb is RecordVerb.DELETED:
            gone.append(row)
            problems += _in_use(session, row)
            continue
        found = [*_fixed(session, change), *_unreadable(row)]
        problems += found
        if not found:
            written.append(row)
            problems += _choices_removed(change)
    definitions = overlay(session, written, gone)
    problems += [problem for row in gone for problem in _read_elsewhere(session, row)]
    for row in written:
        problems += _reasons(session, row, {key: each.spec for key, each in definitions.of(row.entity).items()})
    return problems


def _fixed(session: Session, change: Change) -> Iterator[Problem]:
    """Refuse another entity, key or type, save the type that `apply_type_change` is changing."""
    if change.verb is not RecordVerb.UPDATED:
        return
    row = change.record
    assert isinstance(row, CharacteristicRow)  # noqa: S101 - for the type checker; the caller looked
    for field, label in _FIXED.items():
        allowed = field == "type" and (row.entity, row.key) in state_of(session).retyping
        if field in change.changes and not allowed:
            yield Problem(code="CHARACTERISTIC_FIXED", params={"entity": row.entity, "key": row.key, "what": label})


def _unreadable(row: CharacteristicRow) -> Iterator[Problem]:
    strange = ", ".join(sorted(row.definition.keys() - OPTIONS))
    if strange:
        yield _invalid(row.key, Label(f"{strange} non esiste in una definizione", f"{strange} is nothing that a definition has"))
    try:
        spec_of(row)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        reason = Label(f"la definizione non è leggibile ({error!r})", f"its definition cannot be read ({error!r})")
        yield _invalid(row.key, reason)


def _choices_removed(change: Change) -> Iterator[Problem]:
    old, new = change.changes.get("definition", (None, None))
    if change.verb is not RecordVerb.UPDATED or not old or "type" in change.changes:
        # With another type, values are converted, or keep the old one.
        return
    left = {each["code"] for each in (new or {}).get("choices", ())}
    for each in old.get("choices", ()):
        if each["code"] not in left:
            params = {"key": getattr(change.record, "key", ""), "choice": each["code"]}
            yield Problem(code="CHARACTERISTIC_CHOICE_REMOVED", params=params)


def _reasons(session: Session, row: CharacteristicRow, siblings: Mapping[str, CharacteristicDef]) -> Iterator[Problem]:
    registry, spec = session.registry, spec_of(row)
    declared = registry.characteristics.get(spec.entity, {})
    if spec.key in declared and (session.source != DEPLOYMENT or spec.type != declared[spec.key].type):
        owner = state_of(session).of(spec.entity)[spec.key].owner
        yield Problem(code="CHARACTERISTIC_DECLARED", params={"entity": spec.entity, "key": spec.key, "owner": owner})
    for reason in definition_reasons(spec, registry.field_types, registry.entities, siblings):
        yield _invalid(spec.key, reason)
    cls = registry.entities.get(spec.entity)
    if cls is not None and "characteristics" not in cls.__table__.columns:
        yield _invalid(spec.key, Label(f"{spec.entity} non ha caratteristiche", f"{spec.entity} has no characteristics"))
    cycle = find_cycle(siblings)
    if spec.key in cycle:
        yield Problem(code="CHARACTERISTIC_CYCLE", params={"cycle": " → ".join(cycle)})
    yield from _rule_problems(session, bind(spec, registry.field_types, owner=""), siblings)


def _rule_problems(session: Session, definition: Definition, siblings: Collection[str]) -> Iterator[Problem]:
    for kind in KINDS:
        text = getattr(definition.spec, kind)
        if isinstance(text, str):
            rule = read_rule(session.crm.rules, definition, kind, text, siblings)
            if rule.error is not None:
                yield script_problem(rule.kind, definition.key, rule.error)


def _read_elsewhere(session: Session, row: CharacteristicRow) -> Iterator[Problem]:
    """What rules read is not deleted."""
    from crmcore.characteristics.authoring import readers  # noqa: PLC0415 - only when something is deleted

    rules = readers(session, row.entity, row.key)
    if rules:
        yield Problem(code="CHARACTERISTIC_READ_BY_RULE", params={"entity": row.entity, "key": row.key, "rules": ", ".join(rules)})


def _in_use(session: Session, row: CharacteristicRow) -> Iterator[Problem]:
    if row.key in session.registry.characteristics.get(row.entity, {}):
        return  # what the plugin declares is in effect again
    cls = session.registry.entities.get(row.entity)
    if cls is None or "characteristics" not in cls.__table__.columns:
        return
    column = cls.__table__.c.characteristics
    used = raw_value_of(column, row.key, session.crm.engine.dialect.name).is_not(None)
    if session.first(select(cls.id).where(used).limit(1)) is not None:
        yield Problem(code="CHARACTERISTIC_IN_USE", params={"entity": row.entity, "key": row.key})


def _invalid(key: str, reason: Label) -> Problem:
    return Problem(code="CHARACTERISTIC_INVALID", params={"key": key, "reason": reason})
