"""Rules about what belongs to whom: nothing is written to a merged account, and people and sites stay within theirs (I-5)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from sqlalchemy import bindparam, inspect, or_, select

from crmcore.errors import Problem
from crmcore.events import RecordVerb
from crmcore.labels import Label
from crmcore.model import Account, Entity, Person, Site
from crmcore.storage import batches

if TYPE_CHECKING:
    from crmcore.session import Change, Session

PARENTS: Final[Mapping[str, tuple[tuple[str, type[Person | Site], Label], ...]]] = {
    "contact_point": (("person_id", Person, Label("persona", "person")),),
    "consent": (("person_id", Person, Label("persona", "person")),),
    "interaction": (("person_id", Person, Label("persona", "person")),),
    "person": (("site_id", Site, Label("sede", "site")),),
}
"""Entity → columns that refer to something of the same account."""


ACCOUNT: Final = Account.entity_name()


@lru_cache(maxsize=1024)
def account_columns(cls: type[Entity]) -> tuple[str, ...]:
    """Return the columns of an entity, also a plugin's, that refer to accounts; that of the merge itself is not one."""
    if cls is Account:
        return ()
    return tuple(
        prop.key
        for prop in inspect(cls).column_attrs
        if any(key.column is Account.__table__.c.id for column in prop.columns for key in column.foreign_keys)
    )


_SOME: Final = Account.id.in_(bindparam("some", expanding=True))
_LOCKING: Final = select(Account.id).where(_SOME).order_by(Account.id).with_for_update(read=True, key_share=True)
_GONE: Final = select(Account.id, Account.merged_into_id).where(
    _SOME, or_(Account.merged_into_id.is_not(None), Account.erased_at.is_not(None))
)
"""Asked by nearly every commit, and made once: making a query costs more than its answer."""


def check_merged(session: Session, changes: Sequence[Change]) -> Iterator[Problem]:
    """Refuse whatever a commit wrote to accounts that were merged into others or erased, also by somebody else meanwhile."""
    new = {change.id for change in changes if change.entity == "account" and change.verb is RecordVerb.CREATED}
    used, named = _named_by(changes)
    for some in batches(sorted(named - new)):
        # A foreign key makes who refers and who merges wait for each other; where there is none, this lock does.
        session.execute(_LOCKING, {"some": some})
    for some in batches(sorted(used.keys() - new)):
        for row in session.execute(_GONE, {"some": some}):
            if row.merged_into_id is not None:
                yield Problem(code="ACCOUNT_MERGED", params={"id": row.id, "survivor": row.merged_into_id})
            elif used[row.id]:
                yield Problem(code="RECORD_ERASED", params={"entity": "account", "id": row.id})


def _named_by(changes: Sequence[Change]) -> tuple[dict[int, bool], set[int]]:
    """Return the accounts that what is written refers to, with whether something personal does, and those that no foreign key guards."""
    used: dict[int, bool] = {}
    named: set[int] = set()
    for change in changes:
        if change.verb is RecordVerb.DELETED:
            continue
        state, cls = change.record.__dict__, type(change.record)
        if change.verb is RecordVerb.UPDATED and change.fields.isdisjoint(_concerned(cls)):
            # Whose it is was asked when that was written, and what is written now is not about anybody.
            continue
        # What the law wants kept may still come in, such as the last invoice.
        personal = bool(cls.__personal__) and cls.__retention__ is None
        generic = [state.get(column) for column, entity in cls.__references__.items() if state.get(entity) == ACCOUNT]
        named.update(key for key in generic if key is not None)
        for key in (*(state.get(column) for column in account_columns(cls)), *generic):
            if key is not None:
                used[key] = used.get(key, False) or personal
    return used, named


@lru_cache(maxsize=1024)
def _concerned(cls: type[Entity]) -> frozenset[str]:
    """Return the fields of an entity that say whose it is, or something about a person."""
    return frozenset((*account_columns(cls), *cls.__references__, *cls.__references__.values(), *cls.__personal__))


def check_parents(session: Session, changes: Sequence[Change]) -> Iterator[Problem]:
    """Refuse a person or site of another account."""
    claims: dict[type[Person | Site], list[tuple[int, int, str, Label]]] = defaultdict(list)
    for change in changes:
        if change.entity not in PARENTS or change.verb is RecordVerb.DELETED:
            continue
        state = change.record.__dict__
        for column, cls, label in PARENTS[change.entity]:
            key = state.get(column)
            if key is not None and {column, "account_id"} & change.fields:
                claims[cls].append((key, state["account_id"], change.entity, label))
    for cls, found in claims.items():
        accounts = _accounts_of(session, cls, {key for key, *_ in found})
        for key, account, entity, label in found:
            if accounts.get(key, account) != account:
                yield Problem(code="PERSON_ELSEWHERE", params={"entity": entity, "account": account, "what": label, "id": key})


def _accounts_of(session: Session, cls: type[Person | Site], keys: set[int]) -> dict[int, int]:
    found = {}
    for key in keys:
        # What this commit has in its hands needs no question.
        record = session.orm.identity_map.get(session.orm.identity_key(cls, key))
        if isinstance(record, cls):
            found[key] = record.account_id
    for some in batches(sorted(keys - found.keys())):
        found.update({row.id: row.account_id for row in session.execute(select(cls.id, cls.account_id).where(cls.id.in_(some)))})
    return found
