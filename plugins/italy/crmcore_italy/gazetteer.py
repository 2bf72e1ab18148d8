"""The municipalities of Italy: by ISTAT code, by land registry code, by name, with homonyms, former names and ceased ones."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from functools import cached_property
from typing import Final

import attrs

from crmcore_italy.cleaning import fold

LISTED_ON: Final = date(2024, 12, 4)
"""The day of the list that comes with the plugin; see ``data/README.md`` for what is newer, and what is missing."""

# Names that nearly everybody writes otherwise than ISTAT; there is no rule behind them.
_ALSO: Final = {
    "reggio emilia": "reggio nell emilia",
    "reggio calabria": "reggio di calabria",
    "cassano jonio": "cassano all ionio",
}
_SAINTS: Final = frozenset({"s", "san", "santo", "santa", "sant", "ss", "santi"})


@attrs.frozen
class Municipality:
    """One municipality. ``istat`` is empty where the list does not have it yet; ``ceased`` is its last day, if it is no more."""

    istat: str
    belfiore: str
    province: str
    name: str
    other_name: str = ""
    former_istat: tuple[str, ...] = ()
    ceased: date | None = None

    def text(self) -> str:
        """Return the name with the province, which tells homonyms apart: ``Castro (BG)``."""
        return f"{self.name} ({self.province})"


@attrs.frozen
class FormerName:
    """A name, or a province, that a municipality had until a day; the municipality itself may have ceased then."""

    belfiore: str
    province: str
    name: str
    until: date


@attrs.frozen(kw_only=True)
class Gazetteer:
    """Lists of municipalities, and what can be asked of them. Get the shipped one from `crmcore_italy.lists`."""

    listed_on: date | None
    municipalities: tuple[Municipality, ...]
    former_names: tuple[FormerName, ...] = ()
    postcodes: Mapping[str, frozenset[str]] = attrs.field(factory=dict)
    """ISTAT code → postcodes; empty as long as the deployment names no file."""

    @cached_property
    def _by_istat(self) -> Mapping[str, Municipality]:
        found = {code: each for each in self.municipalities for code in each.former_istat}
        # A code of today wins over the same code of yesterday.
        return found | {each.istat: each for each in self.municipalities if each.istat}

    @cached_property
    def _by_belfiore(self) -> Mapping[str, Municipality]:
        return {each.belfiore: each for each in self.municipalities}

    @cached_property
    def _by_name(self) -> Mapping[str, Sequence[Municipality]]:
        found: dict[str, list[Municipality]] = defaultdict(list)
        for each in self.municipalities:
            for key in {key_of(name) for name in (each.name, each.other_name) if name}:
                found[key].append(each)
        return found

    @cached_property
    def _by_former_name(self) -> Mapping[str, Sequence[FormerName]]:
        found: dict[str, list[FormerName]] = defaultdict(list)
        for each in self.former_names:
            found[key_of(each.name)].append(each)
        return found

    @cached_property
    def _of_postcode(self) -> Mapping[str, frozenset[str]]:
        found: dict[str, set[str]] = defaultdict(set)
        for istat, codes in self.postcodes.items():
            for code in codes:
                found[code].add(istat)
        return {code: frozenset(several) for code, several in found.items()}

    def by_istat(self, code: str) -> Municipality | None:
        """Return the municipality with an ISTAT code, of today or of its earlier provinces."""
        return self._by_istat.get(code)

    def by_belfiore(self, code: str) -> Municipality | None:
        """Return the municipality with a code of the land registry, which fiscal codes contain."""
        return self._by_belfiore.get(code)

    def named(self, name: str, province: str = "") -> tuple[Municipality, ...]:
        """Return those with a name, in Italian or the other language, in one province or all: several are homonyms."""
        found = self._by_name.get(key_of(name), ())
        return tuple(each for each in found if not province or each.province == province)

    def once_named(self, name: str, province: str = "") -> tuple[FormerName, ...]:
        """Return the former names, and names of ceased municipalities, that fit, the latest first."""
        found = [each for each in self._by_former_name.get(key_of(name), ()) if not province or each.province == province]
        return tuple(sorted(found, key=lambda each: each.until, reverse=True))

    def heirs(self, former: Iterable[FormerName]) -> tuple[Municipality, ...]:
        """Return the municipalities that went on under another name or in another province; ceased ones have none here."""
        found = {each.belfiore: municipality for each in former if (municipality := self.by_belfiore(each.belfiore)) is not None}
        return tuple(found.values())

    def of_postcode(self, code: str) -> tuple[Municipality, ...]:
        """Return the municipalities that share a postcode, as far as the deployment's file knows."""
        return tuple(each for istat in sorted(self._of_postcode.get(code, ())) if (each := self.by_istat(istat)) is not None)


def key_of(name: str) -> str:
    """Return a name for comparing: ``S. Giovanni``, ``San Giovanni`` and ``SAN GIOVANNI`` are the same, as are ``Forlì`` and ``FORLI'``."""
    folded = fold(name)
    words = _ALSO.get(folded, folded).split()
    return " ".join("san" if word in _SAINTS else word for word in words)
