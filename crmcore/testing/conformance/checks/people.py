"""People: who is erased is gone from the plugin's tables too, and what belongs to a hidden account is hidden, however one asks."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import attrs
from sqlalchemy import Table, exists, func, literal, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import aliased

from crmcore.app import Crm
from crmcore.errors import CrmError, Problem
from crmcore.model import Account, Entity, Profile, Salesperson, User, VisibilityKind
from crmcore.privacy.references import Belongings, belongings, references
from crmcore.session import Actor, Session
from crmcore.testing.conformance.dumps import dump
from crmcore.testing.conformance.samples import Factory
from crmcore.testing.conformance.scene import ACTOR
from crmcore.testing.conformance.subject import Bench, Subject

_CANARY: Final = "Kanarienvogel"
_HOOK: Final = "crm_tables"
_USER: Final = "kit"


def subjects_named(subject: Subject) -> Iterator[Problem]:
    """Say about whom the personal columns of a table are that refers to several accounts or people: erasing one must not empty others'."""
    for cls in subject.entities:
        if not cls.__personal__ or cls.__about__ is not None:
            continue
        targets = [reference.target for reference in references([cls]) if reference.target in {"account", "person"}]
        for target in sorted({each for each in targets if targets.count(each) > 1}):
            yield subject.problem("KIT_ABOUT", cls.entity_name(), hook=_HOOK, entity=cls.entity_name(), target=target)


def erasure(subject: Subject, bench: Bench) -> Iterator[Problem]:
    """Erase an account with a record of each entity: it works, and what handlers copied is gone, too."""
    with bench.fresh() as crm:
        key = _settle(crm, subject)
        crm.worker(name="kit").run_until_idle()
        try:
            with crm.session(ACTOR) as session:
                session.privacy.erase(session.require(Account, key), reason="kit")
                session.commit()
        except CrmError as error:
            yield subject.problem("KIT_ERASURE_FAILED", _culprit(subject, error), error=str(error))
            return
        crm.worker(name="kit").run_until_idle()
        kept = {cls.__tablename__: cls.__retention__.keeps for cls in subject.entities if cls.__retention__ is not None}
        for name, rows in dump(crm.engine, leave_out=()).tables.items():
            for column in sorted({column for row in rows for column in _holding(json.loads(row)) if column not in kept.get(name, ())}):
                yield subject.problem("KIT_ERASURE_LEFT", f"{name}.{column}", column=f"{name}.{column}")


def _settle(crm: Crm, subject: Subject) -> int:
    """Make an account with a name to look for, which is the first and so the parent of all that follows, and records of the plugin."""
    factory = Factory(subject)
    with crm.session(ACTOR) as session:
        account = factory.record(session, Account)
        if isinstance(account, Account):
            account.name, account.notes, account.email = f"{_CANARY} 1", f"{_CANARY} 2", f"{_CANARY}@example.com"
        session.add(account)
        session.commit()
        key = account.id
    for cls in subject.entities:
        with crm.session(ACTOR) as session:
            session.add(factory.record(session, cls))
            session.commit()
    return key


def _holding(row: Mapping[str, Any]) -> Iterator[str]:
    return (column for column, value in row.items() if _CANARY in str(value))


def _culprit(subject: Subject, error: CrmError) -> str:
    text_ = str(error)
    return next((cls.__tablename__ for cls in subject.entities if cls.__tablename__ in text_), "erase")


@attrs.frozen
class _Shape:
    """A way of asking for records of an entity: it returns the keys that it finds among some."""

    name: str
    ask: Callable[[Session, type[Entity], list[int]], set[int]]


def _keys(rows: Any) -> set[int]:  # noqa: ANN401 - rows of any query
    return {row[0] for row in rows}


def _joined(session: Session, cls: type[Entity], _: list[int]) -> set[int]:
    other = aliased(cls)
    return _keys(session.execute(select(other.id).select_from(cls).join(other, other.id == cls.id)))


_SHAPES: Final = (
    _Shape("select", lambda session, cls, _: _keys(session.execute(select(cls.id)))),
    _Shape("get", lambda session, cls, keys: {key for key in keys if session.get(cls, key) is not None}),
    _Shape("join", _joined),
    _Shape("exists", lambda session, cls, keys: {key for key in keys if session.scalar(select(exists(select(1).where(cls.id == key))))}),
    _Shape(
        "aggregate", lambda session, cls, keys: {key for key in keys if session.scalar(select(func.count(cls.id)).where(cls.id == key))}
    ),
    _Shape("subquery", lambda session, cls, _: _keys(session.execute(select(select(cls.id, literal(1)).subquery())))),
    _Shape("text", lambda session, cls, _: _keys(session.execute(text(f'SELECT id FROM "{cls.__tablename__}"')))),  # noqa: S608 - a table's own name
)


def visibility_holds(subject: Subject, bench: Bench) -> Iterator[Problem]:
    """Ask in every way, as a user who sees one account, for what belongs to others: nothing of it exists."""
    with bench.fresh() as crm:
        hidden = _hidden(crm, subject)
        for cls in subject.entities:
            keys = sorted(hidden.live.get(cls, ()))
            for shape in _SHAPES if keys else ():
                with crm.session(_USER) as session:
                    if _seen(session, shape, cls, keys) & set(keys):
                        name = cls.entity_name()
                        yield subject.problem("KIT_VISIBILITY_LEAK", name, hook=_HOOK, entity=name, shape=shape.name)
                        break


def _seen(session: Session, shape: _Shape, cls: type[Entity], keys: list[int]) -> set[int]:
    try:
        return shape.ask(session, cls, keys)
    except DBAPIError:
        # What belongs to the system is refused to users altogether.
        if cls.__visibility__.kind is VisibilityKind.SYSTEM:
            return set()
        raise


def _hidden(crm: Crm, subject: Subject) -> Belongings:
    """Make records that belong to accounts of one seller, and a user who sees an account of another; return what that user must not see."""
    _settle(crm, subject)
    with crm.session(Actor.system(ACTOR)) as session:
        agent = session.add(Salesperson(code="KIT", kind="agent", name="Kit"))
        profile = session.add(Profile(code="KIT", label_it="Kit", functions=["*"], scopes=[{"kind": "own"}]))
        session.add(User(login="administrator"))
        session.flush()
        session.add(User(login=_USER, profile_id=profile.id, salesperson_id=agent.id))
        own = Factory(subject).record(session, Account)
        if isinstance(own, Account):
            own.seller_id, own.seller_source = agent.id, "manual"
        session.add(own)
        session.commit()
        table = Account.__table__
        assert isinstance(table, Table)
        others = set(session.execute(select(table.c.id).where(table.c.id != own.id)).scalars())
        return belongings(session.orm.connection(), crm.registry.entities.values(), Account, others)
