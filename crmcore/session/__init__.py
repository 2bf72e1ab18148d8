"""Sessions: reading and writing as somebody, and the life of a change."""

from crmcore.session.actor import Actor, ActorKind, Cause
from crmcore.session.changes import Change
from crmcore.session.session import Session

__all__ = ["Actor", "ActorKind", "Cause", "Change", "Session"]
