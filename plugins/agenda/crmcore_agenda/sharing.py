"""Whether people share their agendas: each says so, otherwise the deployment does (E14)."""

from __future__ import annotations

from sqlalchemy import select

from crmcore import Session
from crmcore_agenda.codes import refuse
from crmcore_agenda.model import Action, Sharing
from crmcore_agenda.settings import setting

_KNOWN = "agenda.sharing"


def is_shared(session: Session, login: str) -> bool:
    """Return whether a user shares the own agenda."""
    return _known(session).get(login, bool(setting(session, "share_agendas")))


def _known(session: Session) -> dict[str, bool]:
    """Return what people decided; a session reads that once, however many actions it makes."""
    known: dict[str, bool] | None = session.orm.info.get(_KNOWN)
    if known is None:
        known = session.orm.info[_KNOWN] = {row.who: row.shared for row in session.execute(select(Sharing.who, Sharing.shared))}
    return known


def share(session: Session, login: str, *, shared: bool) -> int:
    """Share the agenda of a user with colleagues from now on, or stop that, and return how many open actions that changes.

    Private actions stay private. Everybody decides for themselves; for others, whoever has the permission ``agenda.share``. Nothing here
    commits.

    Raises:
        ValidationFailed: ``AGENDA_NOT_YOURS``.
    """
    actor = session.actor
    if login not in {actor.name, actor.person} and not session.may("agenda.share"):
        raise refuse("AGENDA_NOT_YOURS", login, login=login)
    found = session.scalar(select(Sharing).where(Sharing.who == login))
    if found is None:
        session.add(Sharing(who=login, shared=shared))
    else:
        found.shared = shared
    _known(session)[login] = shared
    opened = session.scalars(select(Action).where(Action.assignee == login, Action.closed.is_(False), Action.shared.is_not(shared))).all()
    for action in opened:
        action.shared = shared
    return len(opened)
