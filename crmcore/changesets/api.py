"""Mass changes as `session.changesets`: preview → confirm → undo (I-72), for any number of records in few statements.

How to use it::

    preview = s.changesets.preview(
        "characteristics",                          # a kind, by name or as a `Kind`
        (Planned(key, "consumo_kwh", 5400) for key in keys),   # any iterable; values are JSON, None empties the field
        description="Consumi 2026",
        entity="account",
    )
    preview.counts, preview.samples, preview.refusals, preview.token
    s.commit()                                      # the preview is a row like any other

    result = s.changesets.confirm(preview.token)    # later, in any session
    s.commit()                                      # nothing is kept before
    s.changesets.undo(result.id)

How to add a kind: make a `Kind(name, writer, check, …)`, and declare it through ``crm_change_kinds``; those of the core are listed in
`kinds.kinds`. Its writer is one of `CharacteristicWriter()` (fields are keys) and `ColumnWriter("seller_id", …)` (fields are those
columns), or any other `FieldWriter`. Its ``check(session, cls, wishes)`` returns `Problem`s by position for the wishes that are refused;
``wishes`` are `Seen`, up to a few thousand at a time, so it may query for all of them at once. It gets values as they were planned:
normalise them before.

How it writes. As long as nobody else wants to see each record (``crm_validate`` and ``crm_before_commit`` of every plugin look at
something else, as it says through ``crm_looks_at``, and no handler listens to ``<entity>.updated`` inside the transaction) records, audit,
events, deliveries and history are written by one statement each for five thousand records, and the rules of the core do **not** see them:
``Kind.check`` answers for those. Otherwise records are loaded, changed and flushed as anybody's, with all rules and hooks; those that are
refused are left out, with the code of the refusal. What normalisers and rules change along with them is kept as well, so that an undo
restores the whole record. ``Kind.history`` is then called only if the kind says ``always``: otherwise the rules of the flush write it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from sqlalchemy import and_, func, select, update

from crmcore.access.functions import CHANGES_UNDO
from crmcore.changesets.applying import BACKWARD, FORWARD, Direction, apply
from crmcore.changesets.kinds import Kind, kind_of
from crmcore.changesets.previewing import make_preview
from crmcore.changesets.values import APPLIED, NOT_FOUND, UNDONE, Planned, Preview, Result
from crmcore.errors import RecordNotFound, UsageError
from crmcore.model import ChangeSet, ChangeSetItem, Entity
from crmcore.storage import batches

if TYPE_CHECKING:
    from crmcore.session import Session

_SKIPPED = 1_000


class ChangeSets:
    """Mass changes of a session; see the module."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def preview(self, kind: Kind | str, planned: Iterable[Planned], description: str = "", *, entity: str = "account") -> Preview:
        """Write down what would change, and return counts, samples, refusals and the token that confirms exactly this.

        Values that are there already are counted and left out. Nothing but the change set itself is written.

        Raises:
            UsageError: ``CHANGE_SET_KIND``, ``CHANGE_SET_FIELD``, ``CHANGE_SET_REPEATED``, ``CHANGE_SET_FORBIDDEN``.
        """
        chosen = self.kind(kind) if isinstance(kind, str) else kind
        self._require(chosen)
        cls = self._entity(entity)
        with self._session.undoing():
            return make_preview(self._session, chosen, cls, planned, description)

    def kind(self, name: str) -> Kind:
        """Return a kind by name, of the core or of a plugin: another kind may use what it checks and writes.

        Raises:
            UsageError: ``CHANGE_SET_KIND``.
        """
        return kind_of(self._session, name)

    def confirm(self, token: str) -> Result:
        """Apply what was previewed: each record that is still at the version that was seen; the others are skipped.

        Raises:
            RecordNotFound: when no change set has this token.
            UsageError: ``CHANGE_SET_STATE`` when it was applied before, ``CHANGE_SET_OUTDATED`` when what the check was based on changed.
            StaleVersion: when somebody else confirms it at the same time.
        """
        found = self._session.scalar(select(ChangeSet).where(ChangeSet.token == token)) if token else None
        if found is None:
            raise RecordNotFound("NOT_FOUND", entity=ChangeSet.entity_name(), id=token[:8])
        kind, cls = self._read(found, "preview")
        basis = str(found.description.get("basis", ""))
        if kind.basis(self._session, cls) != basis:
            raise UsageError("CHANGE_SET_OUTDATED", id=found.id)
        return self._apply(found, kind, cls, FORWARD, APPLIED)

    def undo(self, change_set_id: int) -> Result:
        """Put the old values back on each record that nobody touched since; the others are skipped as ``CHANGED_SINCE``.

        Only its owner may, or who has the permission ``changes.undo``.

        Raises:
            RecordNotFound: when it does not exist.
            UsageError: ``CHANGE_SET_STATE`` when it is not applied, ``CHANGE_SET_FORBIDDEN``.
        """
        found = self._session.require(ChangeSet, change_set_id)
        kind, cls = self._read(found, "applied")
        if found.owner != self._session.actor.name and not self._session.may(CHANGES_UNDO):
            raise UsageError("CHANGE_SET_FORBIDDEN", permission=CHANGES_UNDO)
        return self._apply(found, kind, cls, BACKWARD, UNDONE)

    def result(self, change_set_id: int) -> Result:
        """Return what became of a change set so far, as counted from its items."""
        item = ChangeSetItem
        mine = and_(item.change_set_id == change_set_id, item.derived.is_(False))
        counted = self._session.execute(select(item.outcome, func.count()).where(mine).group_by(item.outcome))
        counts = {row[0]: row[1] for row in counted}
        written = item.outcome.in_((APPLIED, UNDONE))
        records = self._session.scalar(select(func.count(item.record_id.distinct())).where(mine, written))
        rows = self._session.execute(
            select(item.record_id, item.field, item.outcome).where(mine, ~written).order_by(item.record_id, item.field).limit(_SKIPPED)
        )
        skipped = tuple((row.record_id, row.field, row.outcome) for row in rows)
        return Result(id=change_set_id, records=records, counts=counts, skipped=skipped)

    def _read(self, found: ChangeSet, state: str) -> tuple[Kind, type[Entity]]:
        if found.state != state:
            raise UsageError("CHANGE_SET_STATE", id=found.id, state=found.state, expected=state)
        kind = self.kind(found.kind)
        self._require(kind)
        return kind, self._entity(str(found.description["entity"]))

    def _apply(self, found: ChangeSet, kind: Kind, cls: type[Entity], direction: Direction, state: str) -> Result:
        # Two who confirm the same set meet here: the second waits for the first, and is told that it came too late.
        found.state = state
        self._session.flush()
        with self._session.undoing():
            self._leave_out_unseen(found.id, cls, direction)
            with self._session.guard.lifted():
                apply(self._session, found.id, kind, cls, direction)
        return self.result(found.id)

    def _leave_out_unseen(self, change_set_id: int, cls: type[Entity], direction: Direction) -> None:
        """Say of records that do not exist for the user, or no longer, what is said of those that nobody finds."""
        if not self._session.guard.limited:
            return
        item = ChangeSetItem
        # Only of those that would be written: what was refused before is known already.
        mine = and_(item.change_set_id == change_set_id, item.outcome == direction.source)
        keys = set(self._session.scalars(select(item.record_id).where(mine).distinct()))
        unseen = self._session.guard.unseen(cls, keys)
        with self._session.guard.lifted():
            for some in batches(sorted(unseen)):
                self._session.orm.execute(update(item).where(mine, item.record_id.in_(some)).values(outcome=NOT_FOUND))

    def _require(self, kind: Kind) -> None:
        if kind.permission is not None and not self._session.may(kind.permission):
            raise UsageError("CHANGE_SET_FORBIDDEN", permission=kind.permission)

    def _entity(self, name: str) -> type[Entity]:
        found = self._session.registry.entities.get(name)
        if found is None:
            raise UsageError("ENTITY_NOT_ENABLED", entity=name)
        return found
