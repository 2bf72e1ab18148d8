"""Whom actions exist for, where there are no users yet and so no guard: what is private is for its own people there, too (I-7)."""

from __future__ import annotations

from sqlalchemy import ColumnElement, Select, and_, exists, or_, select

from crmcore import Account, Session
from crmcore_agenda.model import Action, Lead, Slot


def visible_actions(session: Session) -> list[ColumnElement[bool]]:
    """Return the conditions under which actions exist for the actor, beside what the guard of the database says."""
    if session.actor.is_system or not session.access.reach().open:
        return []
    me = session.actor.name
    public = and_(Action.private.is_(False), or_(Action.account_id.is_(None), Action.account_id.in_(_open_accounts(me))))
    taking_part = exists().where(Slot.action_id == Action.id, Slot.who == me)
    mine = (column == me for column in (Action.assignee, Action.owner, Action.delegator, Action.refused_by))
    return [or_(*mine, public, taking_part)]


def visible_leads(session: Session) -> list[ColumnElement[bool]]:
    """Return the same for leads."""
    if session.actor.is_system or not session.access.reach().open:
        return []
    me = session.actor.name
    return [or_(Lead.owner == me, and_(Lead.private.is_(False), Lead.account_id.in_(_open_accounts(me))))]


def _open_accounts(me: str) -> Select[int]:
    return select(Account.id).where(or_(Account.private.is_(False), Account.owner == me))
