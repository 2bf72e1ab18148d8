"""Where zones with their member rules are, and who sells in them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any, Final

import attrs
from sqlalchemy import select

from crmcore.hooks import Item, Key, Step, StepKind, Store, Values
from crmcore.model import BusinessUnit, Entity, Salesperson, SellerZone, Zone, ZoneRule, ZoneRuleKind
from crmcore.planning.rows import Rows
from crmcore.storage import batches

if TYPE_CHECKING:
    from crmcore.session import Session

LISTS: Final = ("municipalities", "postcodes", "provinces")
_FIELDS: Final = {
    ZoneRuleKind.MUNICIPALITY: "municipalities",
    ZoneRuleKind.POSTCODE: "postcodes",
    ZoneRuleKind.POSTCODE_RANGE: "postcodes",
    ZoneRuleKind.PROVINCE: "provinces",
}


def rules_of(values: Values) -> list[tuple[str, str, str]]:
    """Return the member rules of a zone as kind, first and last."""
    found = [(ZoneRuleKind.MUNICIPALITY.value, each, "") for each in values["municipalities"]]
    for each in values["postcodes"]:
        first, _, last = each.partition("-")
        found.append((ZoneRuleKind.POSTCODE_RANGE.value if last else ZoneRuleKind.POSTCODE.value, first, last))
    return found + [(ZoneRuleKind.PROVINCE.value, each, "") for each in values["provinces"]]


@attrs.frozen(kw_only=True)
class Zones(Rows):
    """A zone is a row, and one for each member rule."""

    def entities(self) -> Sequence[type[Entity]]:
        """Return both classes."""
        return (Zone, ZoneRule)

    def read(self, session: Session) -> Mapping[Key, Item]:
        """Return every zone with its rules."""
        rules: dict[int, dict[str, list[str]]] = defaultdict(lambda: {name: [] for name in LISTS})
        columns = ZoneRule.__table__.c
        for row in session.execute(select(columns.zone_id, columns.kind, columns.first, columns.last)):
            rules[row.zone_id][_FIELDS[ZoneRuleKind(row.kind)]].append(f"{row.first}-{row.last}" if row.last else row.first)
        found = Rows.read(self, session)
        ids = self.ids(session)
        lists = {key: {name: sorted(some) for name, some in rules[ids[key]].items()} for key in found}
        return {key: attrs.evolve(item, values={**item.values, **lists[key]}) for key, item in found.items()}

    def retired(self, session: Session, values: Values) -> Values:
        """Leave the addresses of an obsolete zone to others."""
        del session
        return {**values, "obsolete": True, **{name: [] for name in LISTS}}

    def clear(self, session: Session, steps: Sequence[Step]) -> None:
        """Delete member rules that go, because another zone may take them."""
        gone: dict[Key, set[tuple[str, str, str]]] = {}
        for step in steps:
            if step.before is not None:
                left = set(rules_of(step.after.values)) if step.after else set()
                gone[step.key] = set(rules_of(step.before.values)) - left
        ids = self.ids(session, [key for key, rules in gone.items() if rules])
        by_id = {row_id: key for key, row_id in ids.items()}
        for some in batches(list(by_id)):
            for rule in session.scalars(select(ZoneRule).where(ZoneRule.zone_id.in_(some))):
                if (rule.kind, rule.first, rule.last) in gone[by_id[rule.zone_id]]:
                    session.delete(rule)
        session.flush()

    def write(self, session: Session, steps: Sequence[Step]) -> None:
        """Write zones, then the rules that are new."""
        Rows.write(self, session, steps)
        ids = self.ids(session)
        for step in steps:
            if step.after is not None:
                old = set(rules_of(step.before.values)) if step.before else set()
                for kind, first, last in rules_of(step.after.values):
                    if (kind, first, last) not in old:
                        session.add(ZoneRule(zone_id=ids[step.key], kind=kind, first=first, last=last))
        session.flush()


class Assignments(Store):
    """Assignments are named by their zone, first day and business unit."""

    keeps_owner = False

    def entities(self) -> Sequence[type[Entity]]:
        """Return the class."""
        return (SellerZone,)

    def read(self, session: Session) -> Mapping[Key, Item]:
        """Return every assignment."""
        names = _names(session)
        found = {}
        for row in session.execute(select(SellerZone.__table__)):
            until = None if row.to_date is None else row.to_date.isoformat()
            found[_key(row, names)] = Item({"seller": names[Salesperson][row.salesperson_id], "until": until})
        return found

    def clear(self, session: Session, steps: Sequence[Step]) -> None:
        """Delete assignments first: others may begin in their days."""
        gone = {step.key for step in steps if step.kind is StepKind.REMOVE}
        for key, record in _records(session, gone).items():
            if key in gone:
                session.delete(record)
        session.flush()

    def write(self, session: Session, steps: Sequence[Step]) -> None:
        """Write assignments, all at once, so that one may end where another begins."""
        names = _names(session)
        zones, people, units = ({code: key for key, code in names[cls].items()} for cls in (Zone, Salesperson, BusinessUnit))
        records = _records(session, {step.key for step in steps})
        for step in steps:
            if step.after is None:
                continue
            start, _, unit = step.key[1].partition(" ")
            until = step.after.values["until"]
            seller, last = people[step.after.values["seller"]], None if until is None else date.fromisoformat(until)
            record = records.get(step.key)
            if record is None:
                made = SellerZone(zone_id=zones[step.key[0]], salesperson_id=seller, from_date=date.fromisoformat(start), to_date=last)
                made.business_unit_id = units[unit] if unit else None
                session.add(made)
            else:
                record.salesperson_id, record.to_date = seller, last
        session.flush()

    def remove(self, session: Session, steps: Sequence[Step]) -> None:
        """Do nothing: `clear` deleted them."""


def _names(session: Session) -> dict[type[Entity], dict[int, str]]:
    found: dict[type[Entity], dict[int, str]] = {}
    for cls in (Zone, Salesperson, BusinessUnit):
        columns = cls.__table__.c
        found[cls] = {row.id: row.code for row in session.execute(select(columns.id, columns.code))}
    return found


def _key(row: Any, names: Mapping[type[Entity], Mapping[int, str]]) -> Key:  # noqa: ANN401 - a row, or a record
    unit = "" if row.business_unit_id is None else f" {names[BusinessUnit][row.business_unit_id]}"
    return (names[Zone][row.zone_id], f"{row.from_date.isoformat()}{unit}")


def _records(session: Session, keys: set[Key]) -> dict[Key, Any]:
    if not keys:
        return {}
    names = _names(session)
    zones = {code: key for key, code in names[Zone].items()}
    wanted = sorted({zones[key[0]] for key in keys if key[0] in zones})
    found = {}
    for some in batches(wanted):
        for record in session.scalars(select(SellerZone).where(SellerZone.zone_id.in_(some))):
            found[_key(record, names)] = record
    return {key: record for key, record in found.items() if key in keys}
