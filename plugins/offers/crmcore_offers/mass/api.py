"""Mass maintenance of documents and rows (G19, I-72): selection → preview with refusals → confirm → journal → undo.

How to use it::

    mass = MassMaintenance(session)
    preview = mass.preview("offers.row", {"field": "product.code", "op": "eq", "value": "FTTH-1000"}, {"state": "confirmed"})
    preview.matched, preview.will_change, preview.refused, preview.refusals
    session.commit()                      # the preview is a row like any other
    result = mass.confirm(preview.token)
    session.commit()
    mass.undo(result.id)
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

import attrs
from sqlalchemy import case, func, select

from crmcore import Entity, Session
from crmcore.changesets import Planned, Refusal, Result, Seen
from crmcore.model import ChangeSetItem, Salesperson
from crmcore_offers.codes import refuse
from crmcore_offers.mass import kinds
from crmcore_offers.mass.fields import CLASSES, FIELDS
from crmcore_offers.model import Document, PriceList, Row

if TYPE_CHECKING:
    from crmcore.changesets import Preview

_CHARACTERISTIC: Final = "c."
_STATE: Final = "state"
_CODES: Final[Mapping[str, tuple[str, type[Entity]]]] = {
    "agent": ("agent_id", Salesperson),
    "operator": ("operator_id", Salesperson),
    "agency": ("agency_id", Salesperson),
    "referrer": ("referrer_id", Salesperson),
    "price_list": ("price_list_id", PriceList),
}
"""Fields that may be given by the code of what they refer to."""


@attrs.frozen
class Refused:
    """A record that would not change: its name as people write it, such as ``SC1004/1``, and why."""

    record_id: int
    name: str
    refusal: Refusal

    @property
    def code(self) -> str:
        """The code of the refusal."""
        return self.refusal.problem.code


@attrs.frozen(kw_only=True)
class MassPreview:
    """What a mass change would do, in records: ``matched`` are all that the filter finds.

    ``will_change`` are those of which at least one field changes, ``refused`` those of which at least one is refused; the others have the
    values already. ``samples`` and ``refusals`` are the first ones, ``codes`` counts the refusals of all by code.
    """

    id: int
    token: str
    entity: str
    matched: int
    will_change: int
    refused: int
    unchanged: int
    codes: Mapping[str, int]
    samples: Sequence[Seen]
    refusals: Sequence[Refused]


class MassMaintenance:
    """Mass maintenance in a session; see the module."""

    def __init__(self, session: Session) -> None:
        self._session = session

    # Filters and values are JSON; values of columns in their own types are taken as well.
    def preview(self, entity: str, filter: Mapping[str, Any] | None, values: Mapping[str, Any], description: str = "") -> MassPreview:  # noqa: A002
        """Find the records, and say of each whether it would change; nothing but the preview is written.

        ``entity`` is ``offers.document`` or ``offers.row``, ``filter`` one of the core's search, ``values`` the new value of each field:
        ``{"state": "confirmed"}``, ``{"agent": "A1"}``, ``{"c.key": 3}``.

        Raises:
            ValidationFailed: ``OFFERS_MASS_ENTITY``, ``OFFERS_MASS_FIELD``, ``OFFERS_MASS_MIXED``, ``OFFERS_MASS_NOTHING``,
                ``OFFERS_MASS_VALUE``, ``VALUE_INVALID``.
            UsageError: ``QUERY_INVALID`` for the filter, ``CHANGE_SET_FORBIDDEN`` without the permission ``offers.mass``.
        """
        session = self._session
        if entity not in CLASSES:
            raise refuse("OFFERS_MASS_ENTITY", entity=entity)
        kind, fields = self._kind(entity, values)
        keys = session.search.ids(entity, filter)
        made = session.changesets.preview(kind, self._planned(entity, keys, fields), description, entity=entity)
        return self._counted(made, len(keys))

    def confirm(self, token: str) -> Result:
        """Apply what was previewed to every record that is as it was, and whose document is; see `ChangeSets.confirm`."""
        return self._session.changesets.confirm(token)

    def undo(self, change_set_id: int) -> Result:
        """Put everything back that nobody touched since; see `ChangeSets.undo`."""
        return self._session.changesets.undo(change_set_id)

    def _kind(self, entity: str, values: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
        if not values:
            raise refuse("OFFERS_MASS_NOTHING")
        found: dict[str, dict[str, Any]] = {}
        for name, value in values.items():
            kind, field = self._field(entity, name)
            found.setdefault(kind, {})[field] = self._by_code(name, value)
        if len(found) > 1:
            raise refuse("OFFERS_MASS_MIXED", fields=", ".join(values))
        return next(iter(found.items()))

    @staticmethod
    def _field(entity: str, name: str) -> tuple[str, str]:
        document = entity == Document.entity_name()
        if name == _STATE:
            return (kinds.DOCUMENT_STATES if document else kinds.ROW_STATES).name, name
        if document and name.startswith(_CHARACTERISTIC):
            return kinds.CHARACTERISTICS.name, name.removeprefix(_CHARACTERISTIC)
        field = _CODES[name][0] if document and name in _CODES else name
        if field not in FIELDS[entity]:
            known = ", ".join((_STATE, *FIELDS[entity], *(("c.<key>", *_CODES) if document else ())))
            raise refuse("OFFERS_MASS_FIELD", field=name, entity=entity, known=known)
        return (kinds.DOCUMENT_FIELDS if document else kinds.ROW_FIELDS).name, field

    def _by_code(self, name: str, value: Any) -> Any:  # noqa: ANN401 - any JSON value
        if name not in _CODES or value is None:
            return value
        cls = _CODES[name][1]
        table = cls.__table__
        found = self._session.scalar(select(table.c.id).where(table.c.code == str(value)))
        if found is None:
            raise refuse("OFFERS_MASS_VALUE", field=name, value=value, expected=f"a code of {cls.entity_name()}")
        return found

    def _planned(self, entity: str, keys: Sequence[int], fields: Mapping[str, Any]) -> Iterator[Planned]:
        session = self._session
        plain = {field: _plain(value) for field, value in fields.items()}
        definitions = next(iter(plain)) not in FIELDS[entity] and next(iter(plain)) != _STATE
        if definitions:
            # Values of characteristics are brought into the form of their type, as by hand.
            for field, value in plain.items():
                yield from session.characteristics.planned(entity, field, ((key, value) for key in keys))
            return
        for key in keys:
            for field, value in plain.items():
                yield Planned(key, field, value)

    def _counted(self, made: Preview, matched: int) -> MassPreview:
        item = ChangeSetItem
        outcome = case((item.outcome == "planned", "planned"), else_="refused")
        counted = select(outcome, func.count(item.record_id.distinct())).where(item.change_set_id == made.id).group_by(outcome)
        counts = {row[0]: row[1] for row in self._session.execute(counted)}
        touched = self._session.scalar(select(func.count(item.record_id.distinct())).where(item.change_set_id == made.id))
        names = self._names(made.entity, {refusal.record_id for refusal in made.refusals})
        return MassPreview(
            id=made.id,
            token=made.token,
            entity=made.entity,
            matched=matched,
            will_change=counts.get("planned", 0),
            refused=counts.get("refused", 0),
            unchanged=matched - touched,
            codes={code: count for code, count in made.counts.items() if code not in {"planned", "unchanged"}},
            samples=made.samples,
            refusals=tuple(Refused(each.record_id, names.get(each.record_id, f"#{each.record_id}"), each) for each in made.refusals),
        )

    def _names(self, entity: str, keys: set[int]) -> dict[int, str]:
        if not keys:
            return {}
        reference = self._session.shown_columns(Document.reference)
        if entity == Document.entity_name():
            rows = self._session.execute(select(Document.id, *reference).where(Document.id.in_(sorted(keys))))
            return {row[0]: row[1] or f"#{row[0]}" for row in rows}
        query = select(Row.id, Document.id, *reference, Row.position).join(Document, Document.id == Row.document_id)
        return {row[0]: f"{row[2] or f'#{row[1]}'}/{row[3]}" for row in self._session.execute(query.where(Row.id.in_(sorted(keys))))}


def _plain(value: Any) -> Any:  # noqa: ANN401 - any column value to any JSON value
    if isinstance(value, Decimal):
        return str(value)
    return value.isoformat() if isinstance(value, date | datetime) else value
