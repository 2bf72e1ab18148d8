"""How far a user reaches: the sets of sellers, zones and portfolios that profile and scopes come to on a day."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import date
from typing import Any, Final

import attrs

from crmcore.access.functions import ACCESS, READ, UPDATE, allowed
from crmcore.access.specs import Scope
from crmcore.model import NULL_CODES, ScopeKind, UserStatus

ALL, OWN, UNASSIGNED, PRIVATE = "all", "own", "unassigned", "private"
ZONES, PORTFOLIOS = "zones", "portfolios"
"""Flags of a reach, by which the guards ask for them; the last two are sets of keys, too."""

_NOBODY: Final = frozenset(NULL_CODES.values())


@attrs.frozen(kw_only=True, eq=False)
class Reach:
    """What a user may see and do. An ``open`` one is not limited by anything: nothing is guarded for it.

    One is kept as long as nothing changes, and known by its identity: what a connection was told need not be told again.
    """

    login: str
    open: bool = False
    blocked: bool = False
    user_id: int | None = None
    profile: str | None = None
    everything: bool = True
    """Whether there is no profile that limits the functions."""
    administrator: bool = True
    functions: tuple[str, ...] = ("*",)
    groups: frozenset[str] = frozenset()
    scopes: tuple[Scope, ...] = ()
    masks: Mapping[str, Mapping[str, Collection[str]]] = attrs.field(factory=dict)
    all: bool = False
    own: bool = False
    unassigned: bool = False
    see_private: bool = False
    sellers: frozenset[int] = frozenset()
    zones: frozenset[int] = frozenset()
    portfolios: frozenset[int] = frozenset()
    parts: frozenset[str] = frozenset()
    """Parts of the system that the user may read."""
    limits: tuple[str, ...] | None = None
    """Functions past which not even a granted one goes: those of a token."""
    logins: frozenset[str] = frozenset()
    """The user and all whom that one supervises, at any depth."""

    @property
    def flags(self) -> frozenset[str]:
        """What the guards ask of the whole reach."""
        found = {
            ALL: self.all,
            OWN: self.own,
            UNASSIGNED: self.unassigned,
            PRIVATE: self.see_private,
            PORTFOLIOS: bool(self.portfolios),
            ZONES: bool(self.zones),
        }
        return frozenset(name for name, holds in found.items() if holds)

    def may(self, function: str) -> bool:
        """Return whether the profile grants a function, such as ``customers.read``."""
        return (self.everything or allowed(self.functions, function)) and (self.limits is None or allowed(self.limits, function))

    def within(self, functions: tuple[str, ...] | None) -> Reach:
        """Return the reach of somebody who works with a token for some functions; None is no limit."""
        if functions is None or self.open:
            return self
        return attrs.evolve(
            self,
            limits=functions,
            administrator=self.administrator and allowed(functions, f"{ACCESS}.{UPDATE}"),
            parts=frozenset(part for part in self.parts if allowed(functions, f"{part}.{READ}")),
        )

    def hidden(self, entity: str) -> frozenset[str]:
        """Return the fields of an entity that are not shown to the user."""
        return frozenset(self.masks.get(entity, {}).get("hidden", ()))

    def read_only(self, entity: str) -> frozenset[str]:
        """Return the fields of an entity that the user does not write; what is hidden is not written either."""
        return self.hidden(entity) | frozenset(self.masks.get(entity, {}).get("readonly", ()))


@attrs.frozen(kw_only=True)
class Organisation:
    """Users, sales force and trees as plain rows, from which reaches are computed."""

    users: Mapping[str, Any]
    profiles: Mapping[int, Any]
    groups: Mapping[int, frozenset[str]]
    """User id → codes of groups."""
    sellers: Mapping[int, Any]

    def reach(self, login: str, day: date) -> Reach | None:
        """Return how far a user reaches on a day, or None when there is no such user."""
        user = self.users.get(login)
        if user is None:
            return None
        profile = self.profiles.get(user.profile_id) if user.profile_id is not None else None
        given = [*(profile.scopes if profile is not None else [{"kind": ScopeKind.ALL.value}]), *user.scopes]
        scopes = tuple(scope for scope in map(Scope.of, given) if scope.holds(day))
        kinds = {scope.kind for scope in scopes}
        all_ = ScopeKind.ALL in kinds
        private = profile.see_private if profile is not None else False
        return Reach(
            login=login,
            blocked=user.status != UserStatus.ACTIVE,
            user_id=user.id,
            profile=profile.code if profile is not None else None,
            everything=profile is None,
            administrator=profile.administrator if profile is not None else True,
            functions=tuple(profile.functions) if profile is not None else ("*",),
            groups=self.groups.get(user.id, frozenset()),
            scopes=scopes,
            masks=profile.masks if profile is not None else {},
            all=all_,
            own=ScopeKind.OWNER in kinds,
            unassigned=ScopeKind.UNASSIGNED in kinds,
            see_private=private,
            sellers=frozenset(seller for scope in scopes for seller in self.sellers_of(scope, user)),
            logins=frozenset(self._supervised(user)),
        )

    def sellers_of(self, scope: Scope, user: Any) -> set[int]:  # noqa: ANN401 - a row
        """Return the keys of the salespersons whom a scope takes in for a user."""
        mine = user.salesperson_id
        if scope.kind is ScopeKind.SELLER:
            return {key for key, row in self.sellers.items() if row.code == scope.target}
        if scope.kind is ScopeKind.UNASSIGNED:
            return {key for key, row in self.sellers.items() if row.code in _NOBODY}
        if mine is None or scope.kind not in {ScopeKind.OWN, ScopeKind.SUBTREE, ScopeKind.AGENCY}:
            return set()
        if scope.kind is ScopeKind.SUBTREE:
            return _descendants(mine, ((row.id, row.manager_id) for row in self.sellers.values()))
        return {mine} if scope.kind is ScopeKind.OWN else self._agency(mine)

    def _agency(self, mine: int) -> set[int]:
        row = self.sellers.get(mine)
        agency = row.agency_id if row is not None and row.agency_id is not None else mine
        return {agency, mine, *(key for key, other in self.sellers.items() if other.agency_id == agency)}

    def _supervised(self, user: Any) -> set[str]:  # noqa: ANN401 - a row
        keys = _descendants(user.id, ((row.id, row.supervisor_id) for row in self.users.values()))
        return {row.login for row in self.users.values() if row.id in keys}


def _descendants(root: int, parents: Iterable[tuple[int, int | None]]) -> set[int]:
    children: dict[int, list[int]] = defaultdict(list)
    for key, parent in parents:
        if parent is not None:
            children[parent].append(key)
    found, waiting = {root}, [root]
    while waiting:
        for child in children[waiting.pop()]:
            # A ring of managers, which the rules refuse, would otherwise never end.
            if child not in found:
                found.add(child)
                waiting.append(child)
    return found
