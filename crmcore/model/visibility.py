"""How a row says who may see it: every entity names one path, and nothing is visible by default."""

from __future__ import annotations

import enum

import attrs


class VisibilityKind(enum.Enum):
    """The kinds of visibility path."""

    SCOPE = "scope"
    VIA = "via"
    OWNER = "owner"
    PEOPLE = "people"
    PUBLIC = "public"
    SYSTEM = "system"


@attrs.frozen
class Members:
    """The users that take part in a row: ``table`` has one row for each, ``key`` refers to ours, ``login`` names the user."""

    table: str
    key: str
    login: str


@attrs.frozen
class Visibility:
    """Name the rule that decides who sees a row of an entity (`design.md` §7)."""

    kind: VisibilityKind
    column: str | None = None
    shared: str | None = None
    people: tuple[str, ...] = ()
    private: str | None = None
    members: Members | None = None

    @classmethod
    def scope(cls) -> Visibility:
        """Visible to whom the scopes of a profile take it in: the accounts, on which nearly everything else depends."""
        return cls(VisibilityKind.SCOPE)

    @classmethod
    def via(cls, column: str) -> Visibility:
        """Visible to whom the row is visible that the foreign key ``column`` refers to."""
        return cls(VisibilityKind.VIA, column)

    @classmethod
    def owner(cls, column: str, *, shared: str | None = None) -> Visibility:
        """Visible to the user that ``column`` names, to those above that user, and to who sees all accounts.

        A row whose flag ``shared`` is set is visible to everybody.
        """
        return cls(VisibilityKind.OWNER, column, shared)

    @classmethod
    def among(
        cls, *people: str, via: str, shared: str | None = None, private: str | None = None, members: Members | None = None
    ) -> Visibility:
        """Visible to the users that the columns ``people`` name and to its ``members``, whatever else they may see: work of several hands.

        To others as the row that the foreign key ``via`` refers to; without one, to those above the ``people``, to who sees all accounts,
        and to everybody when the flag ``shared`` is set. When the flag ``private`` is set, of the others only to who sees private cards.
        """
        return cls(VisibilityKind.PEOPLE, via, shared, people, private, members)

    @classmethod
    def public(cls) -> Visibility:
        """Visible to every user of the deployment: code lists, products."""
        return cls(VisibilityKind.PUBLIC)

    @classmethod
    def system(cls) -> Visibility:
        """Visible to system actors only: queues, caches, rollups."""
        return cls(VisibilityKind.SYSTEM)
