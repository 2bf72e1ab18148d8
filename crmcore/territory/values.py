"""What the territory answers: addresses, sellers, and what a recomputation would move."""

from __future__ import annotations

import enum
from datetime import date

import attrs

from crmcore.changesets.values import Preview
from crmcore.errors import Problem

ITALY = "IT"


@attrs.frozen
class Address:
    """The parts of an address that zones look at; anything may be missing."""

    postcode: str | None = None
    istat_code: str | None = None
    province: str | None = None
    country: str = ITALY


class Source(enum.StrEnum):
    """Where the seller of an account comes from (I-24)."""

    MANUAL = "manual"
    ZONE = "zone"
    NONE = "none"
    """Nobody: the null agent."""


@attrs.frozen(kw_only=True)
class Assigned:
    """Who sells to an account or at an address on a day.

    ``seller_id`` and ``code`` are those of the null agent when it is nobody; ``warnings`` say why.
    """

    seller_id: int
    code: str
    on: date
    source: Source
    zone_id: int | None = None
    warnings: tuple[Problem, ...] = ()


@attrs.frozen
class Move:
    """How many accounts a recomputation moves from one seller to another, by their codes."""

    old: str
    new: str
    accounts: int


@attrs.frozen
class SellerPlan:
    """What a recomputation would do: `token` confirms it through ``session.changesets``."""

    preview: Preview
    on: date
    moves: tuple[Move, ...]

    @property
    def token(self) -> str:
        """The token of the change set."""
        return self.preview.token
