"""Carry out one merge, in the transaction of the session."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import attrs
from sqlalchemy import Connection, Table, and_, bindparam, exists, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm.attributes import set_committed_value

from crmcore.access.functions import CUSTOMERS, MERGE_VERB
from crmcore.changesets.rows import table_of
from crmcore.characteristics.state import state_of
from crmcore.characteristics.targets import REFERENCE
from crmcore.errors import Problem, UsageError
from crmcore.merge.consents import carried_revocations
from crmcore.merge.deciding import CHARACTERISTIC, HISTORY_SOURCE, Decider, Decisions
from crmcore.merge.events import AccountMerged
from crmcore.merge.images import Image, Key, read_images
from crmcore.merge.journal import ADDED, RECORD, Journal
from crmcore.merge.references import ReferenceMap, references_of
from crmcore.merge.relinking import Pointer, Relinker, Relinking
from crmcore.merge.survivorship import Rules
from crmcore.merge.values import FieldDecision, MergeResult
from crmcore.model import Account, AccountMerge, AccountMergeMember, Consent, ContactPoint, Entity, Person, SellerZone, Site, SiteKind
from crmcore.query.documents import read_documents
from crmcore.query.fulltext import remove, write
from crmcore.territory.check_sites import give_sellers

if TYPE_CHECKING:
    from crmcore.session import Session

ACCOUNT: Final[Table] = table_of(Account)
FUNCTION: Final = f"{CUSTOMERS}.{MERGE_VERB}"
LEAP: Final = 1_000
"""Added to the versions of accounts by a merge. Undoing it puts the old version back; who has held a record since before that must not find
it at the version that they know, after somebody else has changed it a few times."""


@attrs.frozen
class Prepared:
    """A merge that was worked out, and not begun: ``accounts`` in their order, the survivor first."""

    session: Session
    accounts: tuple[Account, ...]
    rules: Rules
    references: ReferenceMap
    relinking: Relinking
    decisions: Decisions
    refusals: tuple[Problem, ...]

    @property
    def ids(self) -> tuple[int, ...]:
        """The keys of the accounts, the survivor's first."""
        return tuple(account.id for account in self.accounts)


def prepare(session: Session, ids: Sequence[int], rules: Rules, *, lock: bool) -> Prepared:
    """Work out a merge of accounts that exist; with ``lock`` nobody else can change them, or refer to them, until the transaction ends."""
    connection = session.orm.connection()
    by_id = {account.id: account for account in session.orm.scalars(_LOCKING if lock else READING, {"ids": ids})}
    accounts = tuple(by_id[each] for each in ids)
    refusals = tuple(_refusals(session, accounts))
    references = references_of(session.registry, connection, session.crm.references)
    relinker = Relinker(connection, references, ids, _pointers(session))
    if not refusals:
        relinker.merge(ACCOUNT, dict.fromkeys(ids[1:], ids[0]))
    decisions = Decider(session, accounts, rules).decide() if not refusals else Decisions((), ())
    return Prepared(session, accounts, rules, references, relinker.result, decisions, refusals)


READING: Final = select(Account).where(Account.id.in_(bindparam("ids", expanding=True))).order_by(Account.id)
# A row that refers to an account takes a share of this lock: it is there before, and found, or it waits, and is refused.
_LOCKING: Final = READING.with_for_update().execution_options(populate_existing=True)


def function_problems(session: Session) -> list[Problem]:
    """Return what keeps the actor from merging at all."""
    if session.may(FUNCTION):
        return []
    return [Problem(code="FUNCTION_NOT_GRANTED", params={"function": FUNCTION, "profile": session.guard.reach.profile or ""})]


def _refusals(session: Session, accounts: Sequence[Account]) -> Iterable[Problem]:
    yield from function_problems(session)
    for account in accounts:
        if account.merged_into_id is not None:
            yield Problem(code="ACCOUNT_MERGED", params={"id": account.id, "survivor": account.merged_into_id})
    if len({account.owner if account.private else None for account in accounts}) > 1:
        private = ", ".join(str(account.id) for account in accounts if account.private)
        yield Problem(code="MERGE_PRIVATE", params={"ids": private})


def _pointers(session: Session) -> list[Pointer]:
    """Return the characteristics that hold keys of records."""
    entities = session.registry.entities
    return [
        Pointer(table_of(cls), definition.key, table_of(target))
        for entity, cls in entities.items()
        for definition in state_of(session).of(entity).values()
        if definition.spec.type == REFERENCE and (target := entities.get(definition.spec.target or "")) is not None
    ]


def carry_out(prepared: Prepared, reason: str) -> MergeResult:
    """Write a merge, its journal and its event."""
    session, relinking = prepared.session, prepared.relinking
    connection = session.orm.connection()
    survivor, *others = prepared.accounts
    merge_id = _begin(connection, prepared, reason)
    journal = Journal(connection)
    moves = relinking.touches(Site.__tablename__) and _may_change_hands(connection, survivor.id)
    revocations = carried_revocations(session, prepared.ids) if relinking.touches(Consent.__tablename__) else []
    try:
        journal.apply(relinking, prepared.references)
    except IntegrityError as error:
        raise UsageError("MERGE_CLASH", reason=str(error.orig).strip().splitlines()[0]) from error
    _add(journal, session, [*_points(connection, prepared), *revocations])
    forget_loaded(session, {*relinking.changes, *relinking.drops})
    before = read_images(connection, ACCOUNT, [(key,) for key in prepared.ids])
    _decide(session, survivor, prepared.decisions.changed(), merge_id)
    if moves:
        give_sellers(session, [survivor.id])
    for each in others:
        each.merged_into_id = survivor.id
    session.unit.flush()
    _leap(connection, prepared.accounts)
    _note_accounts(journal, prepared.accounts, before)
    journal.write(merge_id)
    searched = any(relinking.touches(cls.__tablename__) for cls in (Person, ContactPoint)) or prepared.decisions.points
    refresh_words(session, prepared.ids if searched else prepared.ids[1:])
    tell_watchers(session, prepared.ids, {table.name: rows for table, rows in relinking.changes.items()})
    merged, relinked = prepared.ids[1:], relinking.counts()
    session.publish(AccountMerged(merge_id=merge_id, survivor_id=survivor.id, merged_ids=merged, relinked=relinked))
    return MergeResult(
        id=merge_id,
        survivor_id=survivor.id,
        merged_ids=merged,
        relinked=relinked,
        archived=relinking.archived(),
        decisions=prepared.decisions.fields,
    )


def _may_change_hands(connection: Connection, account_id: int) -> bool:
    """Return whether the sites that an account gets may decide about its seller: not where its own legal one does."""
    return bool(connection.execute(_UNDECIDED, {"account_id": account_id}).scalar())


_SITE: Final = table_of(Site)
_LEGAL: Final = exists(select(1).select_from(_SITE)).where(
    _SITE.c.account_id == bindparam("account_id"), _SITE.c.kind == SiteKind.LEGAL.value, _SITE.c.disabled.is_(other=False)
)
_UNDECIDED: Final = select(and_(exists(select(1).select_from(table_of(SellerZone))), ~_LEGAL))


def _note_accounts(journal: Journal, accounts: Sequence[Account], before: Mapping[Key, Image]) -> None:
    """Note what became of the accounts themselves; that is taken back first."""
    after = read_images(journal.connection, ACCOUNT, list(before))
    journal.next_step()
    for account in accounts:
        old, new = before[account.id,], after[account.id,]
        changed = [name for name in new if new[name] != old[name]]
        images = ({name: image[name] for name in changed} for image in (old, new))
        journal.note(ACCOUNT, (account.id,), RECORD, account.version, *images)


def _begin(connection: Connection, prepared: Prepared, reason: str) -> int:
    """Write the record of the merge, and return its number."""
    session, stamps = prepared.session, _stamps(prepared.session)
    values = {
        "survivor_id": prepared.ids[0],
        "rule": prepared.rules.default,
        "reason": reason,
        "state": "merged",
        "at": session.now(),
        "actor": session.actor.name,
        "decisions": [plain_decision(each) for each in prepared.decisions.fields],
        "relinked": prepared.relinking.counts(),
        **stamps,
    }
    merge_id: int = connection.execute(_NEW, values).scalar_one()
    members = [{"merge_id": merge_id, "account_id": key, "position": place, **stamps} for place, key in enumerate(prepared.ids[1:], 1)]
    connection.execute(_NEW_MEMBER, members)
    return merge_id


_NEW: Final = insert(table_of(AccountMerge)).returning(AccountMerge.__table__.c.id)
_NEW_MEMBER: Final = insert(table_of(AccountMergeMember))


def _stamps(session: Session) -> dict[str, Any]:
    now, actor = session.now(), session.actor.name
    return {"version": 1, "created_at": now, "created_by": actor, "updated_at": now, "updated_by": actor}


def plain_decision(decision: FieldDecision) -> dict[str, Any]:
    """Return a decision as JSON."""
    found = attrs.asdict(decision, recurse=False)
    return found | {"values": {str(account): value for account, value in decision.values.items()}}


def _points(connection: Connection, prepared: Prepared) -> list[ContactPoint]:
    """Return new contact points of the survivor for the addresses of the others that it does not have yet."""
    wanted = dict.fromkeys(prepared.decisions.points)
    if not wanted:
        return []
    row = table_of(ContactPoint).c
    known = connection.execute(select(row.kind, row.value).where(row.account_id.in_(prepared.ids))).all()
    there = {(kind, value) for kind, value in known}
    new = [(kind, value) for kind, value in wanted if (kind, value) not in there]
    first = len(known) + 1
    return [
        ContactPoint(account_id=prepared.ids[0], kind=kind, value=value, raw=value, position=place)
        for place, (kind, value) in enumerate(new, first)
    ]


def _add(journal: Journal, session: Session, records: Sequence[Entity]) -> None:
    """Insert rows that the merge makes; undoing it removes them."""
    for record in records:
        table = table_of(type(record))
        journal.next_step()
        values = {name: value for name in table.c.keys() if name != "id" and (value := getattr(record, name, None)) is not None}  # noqa: SIM118 - the names, not the columns
        key = journal.connection.execute(insert(table).values({**values, **_stamps(session)}).returning(table.c.id)).scalar_one()
        journal.note(table, (key,), ADDED, 1, {}, {})


def _decide(session: Session, survivor: Account, decisions: Sequence[FieldDecision], merge_id: int) -> None:
    for decision in decisions:
        if decision.field.startswith(CHARACTERISTIC):
            key = decision.field.removeprefix(CHARACTERISTIC)
            # Nobody edits here: what a group may not write, or only rules may, was written by somebody who might.
            session.characteristics.set_automatic(survivor, key, decision.new, f"{HISTORY_SOURCE}:{merge_id}")
        else:
            setattr(survivor, decision.field, decision.new)


_LEAPING: Final = update(ACCOUNT).where(ACCOUNT.c.id.in_(bindparam("keys", expanding=True))).values(version=ACCOUNT.c.version + LEAP)


def _leap(connection: Connection, accounts: Sequence[Account]) -> None:
    keys = [account.id for account in accounts]
    connection.execute(_LEAPING, {"keys": keys})
    for account in accounts:
        set_committed_value(account, "version", account.version + LEAP)


def forget_loaded(session: Session, tables: Iterable[Table]) -> None:
    """Forget what the session knows of the rows of some tables: statements went past it."""
    names = {table.name for table in tables}
    for record in list(session.orm.identity_map.values()):
        if isinstance(record, Entity) and record.__tablename__ in names:
            session.orm.expire(record)


def tell_watchers(session: Session, ids: Sequence[int], rows: Mapping[str, Iterable[Key]]) -> None:
    """Have those who watch accounts, or rows of tables that statements wrote past the unit of work, know at its end."""
    touched = session.unit.touched
    touched.note_keys(session, Account.entity_name(), ids)
    for cls in session.registry.entities.values():
        keys = [key[0] for key in rows.get(cls.__tablename__, ()) if len(key) == 1]
        if keys and cls is not Account:
            touched.note_keys(session, cls.entity_name(), keys)


def refresh_words(session: Session, ids: Sequence[int]) -> None:
    """Have the words of accounts written anew when the unit of work ends; those that were merged have none."""

    def finish(connection: Connection) -> None:
        remove(connection, ids)
        write(connection, read_documents(connection, ids), new=True)

    session.unit.finishers.append(finish)
