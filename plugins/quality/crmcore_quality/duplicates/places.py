"""Compare addresses as one concept: house, street and town depend on each other, and would count three times."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import attrs
import numpy as np

from crmcore_quality.duplicates.columns import MISSING, Column, Indices, Levels, Weights
from crmcore_quality.duplicates.comparing import Prepared, Similar, Value, agreeing_share, compare_column, rarity_of, token_set

HOUSE, NEARLY_HOUSE, STREET, NEIGHBOUR, TOWN, OTHER_STREET, ELSEWHERE = range(7)
"""The levels: same house; same but for the spelling or a missing town; number missing; another number; same town, of which one
street is missing; other streets of one town; other towns."""
_LABELS: Final = ("=", "≈", "via", "via, altro n.", "comune", "altra via", "≠")
_STREETS: Final = Similar(token_set, (0.88,))
_EXACT: Final = Similar(token_set, (1.01,))


@attrs.frozen
class Addresses:
    """Compare addresses given as (street, number, town), each of which may be empty."""

    @property
    def labels(self) -> tuple[str, ...]:
        """From the same house to another town."""
        return _LABELS

    def prepare(self, values: Sequence[Value]) -> Prepared:
        """Number the parts."""
        parts = [tuple(value) if value is not None and not isinstance(value, str) else ("", "", "") for value in values]
        return PreparedAddresses(
            streets=Column.of([street for street, _, _ in parts]),
            numbers=Column.of([number for _, number, _ in parts]),
            towns=Column.of([town for _, _, town in parts]),
            houses=Column.of([" ".join(each) if each[0] and each[1] else None for each in parts]),
        )


@attrs.frozen(eq=False, kw_only=True)
class PreparedAddresses:
    """The parts of all addresses."""

    streets: Column
    numbers: Column
    towns: Column
    houses: Column

    @property
    def agreeing(self) -> float:
        """The share of pairs of records with the same house."""
        return agreeing_share(self.houses)

    def levels(self, left: Indices, right: Indices) -> Levels:
        """Return the level of each pair."""
        street = compare_column(self.streets, _STREETS, left, right)
        number = compare_column(self.numbers, _EXACT, left, right)
        town = compare_column(self.towns, _EXACT, left, right)
        here = town != len(_EXACT.labels) - 1
        alike = (street == 0) | (street == 1)
        found = np.full(len(left), MISSING, np.int8)
        found[town == 0] = OTHER_STREET
        found[(town == 0) & (street == MISSING)] = TOWN
        found[alike & here & (number > 0)] = NEIGHBOUR
        found[alike & here & (number == MISSING)] = STREET
        found[alike & here & (number == 0)] = NEARLY_HOUSE
        found[(street == 0) & (number == 0) & (town == 0)] = HOUSE
        found[(town > 0) | ((town == MISSING) & (street > 1))] = ELSEWHERE
        return found

    def rarity(self, left: Indices, right: Indices, levels: Levels, agreeing: float) -> Weights:
        """Weigh houses by how many records are in them, towns by how large they are."""
        del right
        found = np.zeros(len(left))
        house = (levels == HOUSE) & (self.houses.codes[left] >= 0)
        found[house] = rarity_of(self.houses, left[house], agreeing)
        town = (levels == TOWN) & (self.towns.codes[left] >= 0)
        found[town] = rarity_of(self.towns, left[town], agreeing_share(self.towns))
        return found
