"""Projects: any number of activities, with their history (K01)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import attrs
from sqlalchemy import func, select

from crmcore import Account, Session
from crmcore_agenda.lookups import flag_of
from crmcore_agenda.model import Action, Project
from crmcore_agenda.seeing import visible_actions


@attrs.frozen(kw_only=True)
class ProjectProgress:
    """How many activities a project has, and how many of them are done, cancelled and open."""

    total: int
    done: int
    cancelled: int
    open: int


class Projects:
    """The projects of a session; nothing here commits."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def create(
        self,
        title: str,
        *,
        account: Account | None = None,
        starts_on: date | None = None,
        ends_on: date | None = None,
        private: bool = False,
        notes: str = "",
    ) -> Project:
        """Add a project of the actor's."""
        key = account.id if account is not None else None
        owner = self._session.actor.person or self._session.actor.name
        return self._session.add(
            Project(title=title, owner=owner, account_id=key, starts_on=starts_on, ends_on=ends_on, private=private, notes=notes)
        )

    def attach(self, project: Project, action: Action) -> None:
        """Make an action an activity of a project."""
        action.project_id = project.id

    def activities(self, project: Project) -> Sequence[Action]:
        """Return the activities of a project that the actor may see, by date."""
        mine = select(Action).where(Action.project_id == project.id, *visible_actions(self._session))
        return self._session.scalars(mine.order_by(Action.due, Action.starts_at, Action.id)).all()

    def progress(self, project: Project) -> ProjectProgress:
        """Return how far a project is."""
        mine = select(Action.state, Action.closed, func.count().label("n")).where(Action.project_id == project.id)
        rows = self._session.execute(mine.where(*visible_actions(self._session)).group_by(Action.state, Action.closed)).all()
        total = sum(row.n for row in rows)
        done = sum(row.n for row in rows if flag_of(self._session, "agenda.actions", row.state, "done"))
        closed = sum(row.n for row in rows if row.closed)
        return ProjectProgress(total=total, done=done, cancelled=closed - done, open=total - closed)
