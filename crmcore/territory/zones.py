"""Which zone an address belongs to: the most precise rule that fits it."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import attrs
from sqlalchemy import and_, or_, select

from crmcore.model import ZoneRule, ZoneRuleKind
from crmcore.territory.values import ITALY, Address

if TYPE_CHECKING:
    from crmcore.session import Session

_FEW: Final = 200
"""Up to so many different addresses, only the rules that may fit them are read; for more, all of them: a firm has some thousands."""


@attrs.frozen
class ZoneFinder:
    """The member rules that were read, ready to answer many addresses."""

    exact: Mapping[tuple[str, str], int]
    ranges: Sequence[tuple[str, str, int]]
    """First and last postcode and zone, in order; they do not overlap."""

    def find(self, address: Address) -> int | None:
        """Return the zone of an address: municipality before postcode, range of postcodes, and province."""
        if address.country != ITALY:
            return None
        postcode = (address.postcode or "").strip()
        found = self.exact.get((ZoneRuleKind.MUNICIPALITY, (address.istat_code or "").strip()))
        if found is None:
            found = self.exact.get((ZoneRuleKind.POSTCODE, postcode))
        if found is None:
            found = self._in_range(postcode)
        if found is None:
            found = self.exact.get((ZoneRuleKind.PROVINCE, (address.province or "").strip().upper()))
        return found

    def _in_range(self, postcode: str) -> int | None:
        position = bisect_right(self.ranges, postcode, key=lambda each: each[0]) - 1
        if not postcode or position < 0:
            return None
        _, last, zone_id = self.ranges[position]
        return zone_id if postcode <= last else None


def finder(rules: Iterable[tuple[str, str, str, int]]) -> ZoneFinder:
    """Return a finder over rules given as kind, first, last and zone."""
    exact: dict[tuple[str, str], int] = {}
    ranges: list[tuple[str, str, int]] = []
    for kind, first, last, zone_id in rules:
        if kind == ZoneRuleKind.POSTCODE_RANGE:
            ranges.append((first, last, zone_id))
        else:
            exact[kind, first] = zone_id
    return ZoneFinder(exact, sorted(ranges))


def finder_for(session: Session, addresses: Iterable[Address]) -> ZoneFinder:
    """Read the rules that some addresses need: one statement."""
    rule: Any = ZoneRule.__table__.c
    wanted = select(rule.kind, rule.first, rule.last, rule.zone_id)
    different = {address for address in addresses if address.country == ITALY}
    if not different:
        return finder(())
    if len(different) <= _FEW:
        postcodes = sorted({address.postcode.strip() for address in different if address.postcode})
        fitting = [
            and_(rule.kind == ZoneRuleKind.MUNICIPALITY, rule.first.in_({a.istat_code.strip() for a in different if a.istat_code})),
            and_(rule.kind == ZoneRuleKind.POSTCODE, rule.first.in_(postcodes)),
            and_(rule.kind == ZoneRuleKind.PROVINCE, rule.first.in_({a.province.strip().upper() for a in different if a.province})),
        ]
        if postcodes:
            fitting.append(and_(rule.kind == ZoneRuleKind.POSTCODE_RANGE, rule.first <= postcodes[-1], rule.last >= postcodes[0]))
        wanted = wanted.where(or_(*fitting))
    return finder(tuple(row) for row in session.execute(wanted))
