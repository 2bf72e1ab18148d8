"""Merging accounts as `session.merges`: preview, merge, undo.

preview = s.merges.preview(101, [205, 309])        # what would be re-linked, decided, refused; nothing is written
result = s.merges.merge(101, [205, 309], rule="newest", reason="stessa partita IVA")
s.commit()                                         # nothing is kept before

s.accounts.get(205).id == 101                      # old ids lead to the survivor for ever

undone = s.merges.undo(result.id)
for question in undone.questions: ...              # what somebody changed since: old, merged, now
s.merges.undo(result.id, {question.key: "restore"})
s.commit()
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import attrs
from sqlalchemy import BindParameter, Row, bindparam, or_, select

from crmcore.access.showing import hidden_names, without
from crmcore.changesets.rows import table_of
from crmcore.errors import RecordNotFound, UsageError, ValidationFailed
from crmcore.merge.forgetting import forget_merges, merges_of
from crmcore.merge.merging import carry_out, forget_loaded, function_problems, prepare
from crmcore.merge.restoring import restore
from crmcore.merge.survivorship import Rules
from crmcore.merge.undoing import Undoing
from crmcore.merge.values import FieldDecision, MergePreview, MergeRecord, MergeResult, ThreeWay, UndoResult
from crmcore.model import Account, AccountMerge, AccountMergeMember
from crmcore.session.refusals import audit_hidden

if TYPE_CHECKING:
    from crmcore.session import Session


class MergesApi:
    """Merges of a session; see the module."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def preview(self, survivor_id: int, others: Sequence[int], rule: str | None = None) -> MergePreview:
        """Return what a merge would do, or why it may not be done; nothing is written.

        Raises:
            UsageError: ``MERGE_ACCOUNTS``, ``MERGE_RULE``.
            RecordNotFound: when one of the accounts does not exist for this actor.
        """
        ids, rules = self._ids(survivor_id, others), self._rules(rule)
        self._session.flush()
        with self._session.guard.lifted():
            found = prepare(self._session, ids, rules, lock=False)
        return MergePreview(
            survivor_id=ids[0],
            merged_ids=ids[1:],
            rule=rules.default,
            decisions=self._shown(found.decisions.fields),
            relinked=found.relinking.counts(),
            archived=found.relinking.archived(),
            clashes=tuple((each.table, each.kept, each.dropped) for each in found.relinking.clashes),
            refusals=found.refusals,
        )

    def merge(self, survivor_id: int, others: Sequence[int], *, rule: str | None = None, reason: str = "") -> MergeResult:
        """Merge accounts into one, which gets everything that refers to them; the commit keeps it.

        ``rule`` takes the place of the general one of the settings; fields that have one of their own keep it. Needs the function
        ``customers.merge`` beside ``customers.update``, and that every account exists for the actor.

        Raises:
            UsageError: ``MERGE_ACCOUNTS``, ``MERGE_RULE``.
            RecordNotFound: when one of the accounts does not exist for this actor.
            ValidationFailed: ``FUNCTION_NOT_GRANTED``, ``ACCOUNT_MERGED``, ``MERGE_PRIVATE``, and what the rules say of the survivor.
            WriteConflict: on PostgreSQL, when others that write to these accounts wait for each other; repeat the work.
        """
        session, rules = self._session, self._rules(rule)
        session.flush()
        session.take_write_lock()
        ids = self._ids(survivor_id, others)
        with session.undoing(), session.guard.lifted():
            prepared = prepare(session, ids, rules, lock=True)
            if prepared.refusals:
                raise ValidationFailed("VALIDATION_FAILED", prepared.refusals)
            done = carry_out(prepared, reason)
        return attrs.evolve(done, decisions=self._shown(done.decisions))

    def undo(self, merge_id: int, choices: Mapping[str, str] | None = None) -> UndoResult:
        """Take a merge back; what was made since stays with the survivor.

        Where somebody changed what the merge had changed, nothing is done and the result has ``questions``: call it again with a choice
        for the key of each, ``keep`` (as it is now) or ``restore`` (as it was before the merge).

        Raises:
            RecordNotFound: when the merge or one of its accounts does not exist for this actor.
            UsageError: ``MERGE_UNDONE``, ``MERGE_FORGOTTEN``, ``MERGE_LATER``, ``MERGE_CHOICE``, ``MERGE_TABLE_GONE``,
                ``MERGE_UNDO_CLASH``.
            ValidationFailed: ``FUNCTION_NOT_GRANTED``.
        """
        session = self._session
        session.flush()
        session.take_write_lock()
        with session.undoing():
            found, members = self._find(merge_id)
            self._ids(found.survivor_id, members)
            self._require_function()
            with session.guard.lifted():
                accounts = (found.survivor_id, *members)
                session.orm.execute(_LOCK, {"ids": accounts})
                # Somebody else may have undone it while this waited.
                found, _ = self._find(merge_id)
                if found.state != "merged":
                    raise UsageError("MERGE_UNDONE", id=merge_id)
                undoing = Undoing(session, found, members, dict(choices or {}))
                undoing.ask()
                if not undoing.questions:
                    return restore(undoing)
            questions = tuple(self._shown_question(each) for each in undoing.questions)
            return UndoResult(id=merge_id, survivor_id=found.survivor_id, merged_ids=members, done=False, questions=questions)

    def forget(self, account_id: int) -> int:
        """Delete what the journals keep of the merges of an account, which cannot be undone then; return how many merges that is.

        For erasure: a journal holds values of the accounts, and whole rows that had to go. Old ids go on leading to the survivor.

        Raises:
            ValidationFailed: ``FUNCTION_NOT_GRANTED``.
            RecordNotFound: when the account does not exist for this actor.
        """
        session = self._session
        self._require_function()
        session.require(Account, account_id)
        session.flush()
        with session.undoing():
            session.take_write_lock()
            with session.guard.lifted():
                connection = session.orm.connection()
                merges = merges_of(connection, [account_id])
                forget_merges(connection, merges)
            forget_loaded(session, [table_of(AccountMerge)])
            # So that the commit writes, although no record changed in the session.
            session.unit.finishers.append(lambda _: None)
        return len(merges)

    def resolve(self, account_id: int) -> int:
        """Return the key of the account that an account became, for ever; its own, if it was not merged.

        Raises:
            RecordNotFound: ``NOT_FOUND`` when it, or what it became, does not exist for this actor.
        """
        here = survivor_of(self._session, account_id)
        if here is None or self._session.get(Account, here) is None:
            raise RecordNotFound("NOT_FOUND", entity=Account.entity_name(), id=account_id)
        return here

    def history(self, account_id: int) -> list[MergeRecord]:
        """Return the merges of an account, the newest first: those that it survived, and those in which it went."""
        merge, member = AccountMerge, AccountMergeMember
        mine = select(member.merge_id).where(member.account_id == account_id)
        query = select(merge).where(or_(merge.survivor_id == account_id, merge.id.in_(mine))).order_by(merge.id.desc())
        return self._records(self._session.scalars(query).all())

    def recent(self, limit: int = 50) -> list[MergeRecord]:
        """Return the last merges of all, the newest first."""
        return self._records(self._session.scalars(select(AccountMerge).order_by(AccountMerge.id.desc()).limit(limit)).all())

    def _records(self, merges: Sequence[AccountMerge]) -> list[MergeRecord]:
        member = AccountMergeMember
        members: dict[int, list[int]] = {merge.id: [] for merge in merges}
        query = select(member.merge_id, member.account_id).where(member.merge_id.in_(members)).order_by(member.position)
        hidden = hidden_names(self._session, Account.entity_name())
        for merge_id, account_id in self._session.execute(query):
            members[merge_id].append(account_id)
        return [
            MergeRecord(
                id=each.id,
                survivor_id=each.survivor_id,
                merged_ids=tuple(members[each.id]),
                rule=each.rule,
                reason=each.reason,
                at=each.at,
                actor=each.actor,
                undone_at=each.undone_at,
                undone_by=each.undone_by,
                relinked=each.relinked,
                decisions=tuple(said for said in each.decisions if said.get("field") not in hidden),
            )
            for each in merges
        ]

    def _shown(self, decisions: Sequence[FieldDecision]) -> tuple[FieldDecision, ...]:
        """Return the decisions about fields that the actor may see; the others are made all the same."""
        hidden = hidden_names(self._session, Account.entity_name())
        return tuple(each for each in decisions if each.field not in hidden)

    def _shown_question(self, question: ThreeWay) -> ThreeWay:
        """Return a question without the values that the actor may not see: that somebody has to choose is asked all the same."""
        cls = next((cls for cls in self._session.registry.entities.values() if cls.__tablename__ == question.table), None)
        hidden = hidden_names(self._session, cls.entity_name()) if cls is not None else frozenset()
        if not hidden:
            return question
        if question.field is not None:
            return attrs.evolve(question, old=None, merged=None, now=None) if question.field in hidden else question
        rows = {name: without(getattr(question, name), hidden) for name in ("old", "merged", "now")}
        return attrs.evolve(question, **rows)

    def _rules(self, asked: str | None) -> Rules:
        settings: Any = self._session.settings("core")["merge"]
        return Rules.of(settings, asked)

    def _ids(self, survivor_id: int, others: Sequence[int]) -> tuple[int, ...]:
        ids = (survivor_id, *others)
        if len(ids) < 2 or len(set(ids)) < len(ids):  # noqa: PLR2004 - one that stays, and one that goes
            raise UsageError("MERGE_ACCOUNTS", ids=", ".join(map(str, ids)))
        session = self._session
        there = set(session.execute(_THERE, {"ids": ids}).scalars())
        missing = [key for key in ids if key not in there]
        if missing:
            if session.guard.limited:
                audit_hidden(session, Account, missing[0])
            raise RecordNotFound("NOT_FOUND", entity=Account.entity_name(), id=missing[0])
        return ids

    def _require_function(self) -> None:
        if problems := function_problems(self._session):
            raise ValidationFailed("VALIDATION_FAILED", problems)

    def _find(self, merge_id: int) -> tuple[Row[Any], tuple[int, ...]]:
        # For the merge itself: what it decided is shown without what is hidden.
        found = self._session.orm.execute(_FOUND, {"merge_id": merge_id}).first()
        if found is None:
            raise RecordNotFound("NOT_FOUND", entity=AccountMerge.entity_name(), id=merge_id)
        return found, tuple(self._session.execute(_MEMBERS, {"merge_id": merge_id}).scalars())


_IDS: Final[BindParameter[Any]] = bindparam("ids", expanding=True)
_THERE: Final = select(table_of(Account).c.id).where(table_of(Account).c.id.in_(_IDS))
_LOCK: Final = _THERE.order_by(table_of(Account).c.id).with_for_update()
_FOUND: Final = select(table_of(AccountMerge)).where(table_of(AccountMerge).c.id == bindparam("merge_id"))
_MEMBER: Final = table_of(AccountMergeMember).c
_MEMBERS: Final = select(_MEMBER.account_id).where(_MEMBER.merge_id == bindparam("merge_id")).order_by(_MEMBER.position)


def survivor_of(session: Session, account_id: int) -> int | None:
    """Return what an account became, also for who may not see the account itself; None when there is no such account."""
    seen: set[int] = set()
    here: int | None = account_id
    with session.guard.lifted():
        while here is not None and here not in seen:
            seen.add(here)
            row = session.orm.execute(select(Account.merged_into_id).where(Account.id == here)).first()
            if row is None:
                return None
            if row[0] is None:
                return here
            here = row[0]
    return None
