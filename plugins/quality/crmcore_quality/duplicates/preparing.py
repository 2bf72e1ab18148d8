"""The records of a file, ready to be compared: fields as columns, swapped fields put right, conflicts by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import attrs
import numpy as np

from crmcore_quality.duplicates.columns import MISSING, Column, Indices, Levels, Weights
from crmcore_quality.duplicates.comparing import Prepared, Similar, Value, compare_column, first_texts
from crmcore_quality.duplicates.model import Flags, LevelTable
from crmcore_quality.duplicates.schema import Record, Schema

_MISSING_COST: Final = 0.5
_SWAP_COST: Final = 0.25


@attrs.frozen(eq=False)
class PreparedRecords:
    """Records of one schema; ``crossed`` has the columns of each swap, the second field's records behind those of the first."""

    schema: Schema
    size: int
    columns: tuple[Prepared, ...]
    crossed: tuple[tuple[int, int, Similar, Column], ...]

    @classmethod
    def of(cls, records: Sequence[Record], schema: Schema) -> PreparedRecords:
        """Look at all values of all fields once."""
        names = (*(field.name for field in schema.fields), *([schema.source] if schema.source else ()))
        return cls.of_columns({name: [record.get(name) for record in records] for name in names}, len(records), schema)

    @classmethod
    def of_columns(cls, values: Mapping[str, Sequence[Value]], size: int, schema: Schema) -> PreparedRecords:
        """Take the values by field: a million records as mappings would need more memory than all the rest."""
        columns = tuple(field.comparer.prepare(values[field.name]) for field in schema.fields)
        places = {field.name: place for place, field in enumerate(schema.fields)}
        crossed = []
        for one, other in schema.swaps:
            comparer = schema.fields[places[one]].comparer
            if not isinstance(comparer, Similar):
                message = f"the fields {one} and {other} cannot be swapped: they are not compared by similarity"
                raise TypeError(message)
            both = first_texts([*values[one], *values[other]])
            crossed.append((places[one], places[other], comparer, Column.of(both)))
        return cls(schema, size, columns, tuple(crossed))

    def levels(self, left: Indices, right: Indices) -> LevelTable:
        """Return the levels of each pair in every field."""
        table = np.empty((len(left), len(self.columns)), np.int8)
        for place, column in enumerate(self.columns):
            table[:, place] = column.levels(left, right)
        for one, other, comparer, both in self.crossed:
            self._uncross(table, one, other, (comparer, both), left, right)
        return table

    def _uncross(self, table: LevelTable, one: int, other: int, by: tuple[Similar, Column], left: Indices, right: Indices) -> None:
        """Take the levels of the one field with the other where they fit clearly better."""
        comparer, both = by
        crossed_one = compare_column(both, comparer, left, right + self.size)
        crossed_other = compare_column(both, comparer, left + self.size, right)
        last = len(comparer.labels) - 1
        straight = _cost(table[:, one], last) + _cost(table[:, other], last)
        crossed = _cost(crossed_one, last) + _cost(crossed_other, last) + _SWAP_COST
        better = (crossed < straight) & ((crossed_one != MISSING) | (crossed_other != MISSING))
        table[better, one] = crossed_one[better]
        table[better, other] = crossed_other[better]

    def rarity_by_field(self, left: Indices, right: Indices, levels: LevelTable) -> Weights:
        """Return what rare and common values add to the weight of each field."""
        found = np.zeros(levels.shape)
        for place, column in enumerate(self.columns):
            found[:, place] = column.rarity(left, right, levels[:, place], column.agreeing)
        return found

    def sure(self, levels: LevelTable) -> Flags:
        """Return which pairs the schema allows to be one without asking."""
        if self.schema.sure is None:
            return np.ones(len(levels), bool)
        return self.schema.sure({field.name: levels[:, place] for place, field in enumerate(self.schema.fields)})

    def conflicts(self, levels: LevelTable) -> list[tuple[str, bool, Flags]]:
        """Return name, whether it forbids, and the pairs of each conflict."""
        by_name = {field.name: levels[:, place] for place, field in enumerate(self.schema.fields)}
        return [(conflict.name, conflict.forbids, conflict.applies(by_name)) for conflict in self.schema.conflicts]


def _cost(levels: Levels, last: int) -> Weights:
    return np.where(levels == MISSING, _MISSING_COST, levels / last)
