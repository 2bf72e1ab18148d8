"""Typed relations, readable from both sides (B08, B09)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Select, literal, null, select, union_all
from sqlalchemy.orm import aliased

from crmcore.accounts.values import Related
from crmcore.errors import Problem, ValidationFailed
from crmcore.labels import Label
from crmcore.model import Account, Person, Relation, RelationKind

if TYPE_CHECKING:
    from crmcore.session import Session

_KIND: Final = Label("tipo di relazione", "kind of relation")
_Columns = Callable[..., list[Any]]
"""`Session.shown_columns`: a column that is hidden from the actor is empty."""


def relate(session: Session, kind: str, account: Account, other: Account | Person, notes: str) -> Relation:
    """Return a new relation from an account to another account, or to a person of another one.

    Raises:
        ValidationFailed: ``CODE_UNKNOWN`` or ``CODE_OBSOLETE``.
    """
    found = session.scalar(select(RelationKind).where(RelationKind.code == kind))
    if found is None or found.obsolete:
        code = "CODE_UNKNOWN" if found is None else "CODE_OBSOLETE"
        raise ValidationFailed("VALIDATION_FAILED", [Problem(code=code, params={"what": _KIND, "code": kind})])
    relation = Relation(kind_id=found.id, account_id=account.id, notes=notes)
    relation.account = account
    if isinstance(other, Person):
        relation.person = other
    else:
        relation.other_account = other
    return session.add(relation)


def relations_of(session: Session, subject: Account | Person, lang: str) -> list[Related]:
    """Return the relations of an account, or of a person, from their side, in one query."""
    columns = session.shown_columns
    statement = _towards_people(columns, Person.id == subject.id) if isinstance(subject, Person) else _of_account(columns, subject)
    found = []
    for row in session.execute(statement):
        label = (row.inverse_en or row.inverse_it, row.label_en or row.label_it) if lang == "en" else (row.inverse_it, row.label_it)
        found.append(
            Related(
                relation_id=row.id,
                kind=row.code,
                label=label[0] if row.inverse else label[1],
                inverse=bool(row.inverse),
                account_id=row.account_id,
                account=row.name,
                person_id=row.person_id,
                person=None if row.person_id is None else f"{row.first_name} {row.last_name}".strip(),
                notes=row.notes,
            )
        )
    return sorted(found, key=lambda each: (each.kind, each.relation_id))


def _of_account(columns: _Columns, account: Account) -> Any:  # noqa: ANN401 - a compound select, which has no name in common with a plain one
    # One branch for each way in, because each has an index of its own.
    there = _columns(columns, inverse=False).outerjoin(Person, Person.id == Relation.person_id)
    other = aliased(Account)
    there = there.join(other, other.id.in_((Relation.other_account_id, Person.account_id)))
    there = there.add_columns(*_other_side(columns, other)).where(Relation.account_id == account.id)
    return union_all(there, _towards_account(columns, account.id), _towards_people(columns, Person.account_id == account.id))


def _towards_account(columns: _Columns, key: int) -> Select[*tuple[Any, ...]]:
    other_side = (
        Account.id.label("account_id"),
        *columns(Account.name),
        null().label("person_id"),
        null().label("first_name"),
        null().label("last_name"),
    )
    return (
        _columns(columns, inverse=True)
        .join(Account, Account.id == Relation.account_id)
        .add_columns(*other_side)
        .where(Relation.other_account_id == key)
    )


def _towards_people(columns: _Columns, condition: Any) -> Select[*tuple[Any, ...]]:  # noqa: ANN401 - any condition on people
    return (
        _columns(columns, inverse=True)
        .join(Person, Person.id == Relation.person_id)
        .join(Account, Account.id == Relation.account_id)
        .add_columns(*_other_side(columns, Account))
        .where(condition)
    )


def _columns(columns: _Columns, *, inverse: bool) -> Select[*tuple[Any, ...]]:
    """Return the columns that each branch begins with."""
    return select(
        Relation.id,
        *columns(Relation.notes),
        RelationKind.code,
        RelationKind.label_it,
        RelationKind.label_en,
        RelationKind.inverse_it,
        RelationKind.inverse_en,
        literal(inverse).label("inverse"),
    ).join(RelationKind, RelationKind.id == Relation.kind_id)


def _other_side(columns: _Columns, account: Any) -> tuple[Any, ...]:  # noqa: ANN401 - the class or an alias of it
    return (
        account.id.label("account_id"),
        *columns(account.name),
        Person.id.label("person_id"),
        *columns(Person.first_name, Person.last_name),
    )
