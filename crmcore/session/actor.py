"""Who does something: a user, or the system by name; never nobody."""

from __future__ import annotations

import enum
from collections.abc import Iterable

import attrs

from crmcore.errors import UsageError


class ActorKind(enum.StrEnum):
    """People and machines: what machines write never counts as somebody's contribution (I-71)."""

    USER = "user"
    SYSTEM = "system"


@attrs.frozen
class Actor:
    """Who reads and writes.

    ``name`` is a login, or ``system:<what>``; ``device`` identifies the PC or phone; ``groups`` are those of the workflow (G18).
    ``functions`` limit what a token is good for, whatever its user may do; None does not. ``on_behalf`` is the user whose work a system
    actor does.
    """

    name: str
    kind: ActorKind = ActorKind.USER
    device: str | None = None
    groups: frozenset[str] = frozenset()
    functions: tuple[str, ...] | None = None
    on_behalf: str | None = None

    @property
    def is_system(self) -> bool:
        """Whether this is no person."""
        return self.kind is ActorKind.SYSTEM

    @property
    def person(self) -> str | None:
        """The login of the user whose work this is, or None for work of the system's own."""
        return self.on_behalf if self.is_system else self.name

    @classmethod
    def user(cls, login: str, device: str | None = None, groups: Iterable[str] = ()) -> Actor:
        """Return the actor of a user, who is a member of these groups."""
        if not login.strip() or len(login) > 100 or ":" in login:  # noqa: PLR2004 - width of the stamps
            raise UsageError("ACTOR_INVALID", actor=login, reason="a login has 1 to 100 characters and no colon")
        return cls(login, ActorKind.USER, device, frozenset(groups))

    @classmethod
    def system(cls, what: str) -> Actor:
        """Return the actor of work that no user does: ``Actor.system("import")`` is ``system:import``."""
        if not what.strip() or len(what) > 90:  # noqa: PLR2004 - width of the stamps
            raise UsageError("ACTOR_INVALID", actor=what, reason="system work has a name of 1 to 90 characters")
        return cls(f"system:{what}", ActorKind.SYSTEM)


@attrs.frozen
class Cause:
    """What led to the work of a session: the chain it belongs to, the event before it, and how deep it is."""

    correlation_id: str
    causation_id: str | None = None
    depth: int = 0
    chain: tuple[str, ...] = ()
