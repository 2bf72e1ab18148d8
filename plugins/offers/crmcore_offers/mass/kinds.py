"""The kinds of mass changes of this plugin (G19, I-72): fields, states and characteristics of documents, fields and states of rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from crmcore import Entity, Problem, Session
from crmcore.changesets import CharacteristicWriter, ColumnWriter, Kind, Seen, Written
from crmcore_offers.mass.fields import HEADER, ROW, lost_references, value_problem
from crmcore_offers.mass.locks import locked
from crmcore_offers.model import Document, Row

if TYPE_CHECKING:
    from collections.abc import Callable

PERMISSION: Final = "offers.mass"
"""To maintain documents and rows in mass."""

_Refused = Mapping[int, Problem]


def _rest(
    session: Session,
    cls: type[Entity],
    wishes: Sequence[Seen],
    refused: _Refused,
    check: Callable[[Session, type[Entity], Sequence[Seen]], _Refused],
) -> _Refused:
    """Add what another check says of those that are not refused yet."""
    left = [number for number in range(len(wishes)) if number not in refused]
    found = check(session, cls, [wishes[number] for number in left]) if left else {}
    return {**refused, **{left[number]: problem for number, problem in found.items()}}


def check_fields(session: Session, cls: type[Entity], wishes: Sequence[Seen]) -> _Refused:
    """Refuse fields of locked documents, values that the field never takes, and references to nothing."""
    refused = dict(locked(session, cls, wishes))
    for number, wish in enumerate(wishes):
        found = value_problem(wish.field, wish.new) if number not in refused else None
        if found is not None:
            refused[number] = found
    return _rest(session, cls, wishes, refused, lost_references)


def check_states(session: Session, cls: type[Entity], wishes: Sequence[Seen]) -> _Refused:
    """Refuse what the workflow refuses; rows of a locked document are locked with it."""
    refused = locked(session, cls, wishes) if cls is Row else {}
    return _rest(session, cls, wishes, refused, session.changesets.kind("states").check)


def undo_states(session: Session, cls: type[Entity], wishes: Sequence[Seen]) -> _Refused:
    """Refuse a way back that the workflow does not allow, but to those who may override it."""
    refused = locked(session, cls, wishes) if cls is Row else {}
    return _rest(session, cls, wishes, refused, session.changesets.kind("states").check_undo)


def state_history(written: Written) -> None:
    """Write the history of states as the core does."""
    written.session.changesets.kind("states").history(written)


def prepare_states(session: Session, records: Sequence[Entity], values: Mapping[int, Mapping[str, Any]]) -> None:
    """Let the changes that were checked pass, as the core does."""
    session.changesets.kind("states").prepare(session, records, values)


def state_basis(session: Session, cls: type[Entity]) -> str:
    """Return what the check of states depended on."""
    return session.changesets.kind("states").basis(session, cls)


def check_characteristics(session: Session, cls: type[Entity], wishes: Sequence[Seen]) -> _Refused:
    """Refuse what the definitions refuse, and documents that are locked."""
    return _rest(session, cls, wishes, locked(session, cls, wishes), session.changesets.kind("characteristics").check)


def characteristic_basis(session: Session, cls: type[Entity]) -> str:
    """Return what the check of characteristics depended on."""
    return session.changesets.kind("characteristics").basis(session, cls)


def characteristic_history(written: Written) -> None:
    """Write the history of characteristics as the core does."""
    written.session.changesets.kind("characteristics").history(written)


_DOCUMENT: Final = Document.entity_name()
_ROW: Final = Row.entity_name()

DOCUMENT_FIELDS: Final = Kind(
    name="offers.documents",
    entity=_DOCUMENT,
    writer=ColumnWriter(*HEADER),
    check=check_fields,
    check_undo=locked,
    permission=PERMISSION,
)
ROW_FIELDS: Final = Kind(
    name="offers.rows",
    entity=_ROW,
    writer=ColumnWriter(*ROW),
    check=check_fields,
    check_undo=locked,
    permission=PERMISSION,
    parent="document_id",
)
DOCUMENT_STATES: Final = Kind(
    name="offers.document_states",
    entity=_DOCUMENT,
    writer=ColumnWriter("state"),
    check=check_states,
    check_undo=undo_states,
    basis=state_basis,
    history=state_history,
    always=True,
    prepare=prepare_states,
    permission=PERMISSION,
)
ROW_STATES: Final = Kind(
    name="offers.row_states",
    entity=_ROW,
    writer=ColumnWriter("state"),
    check=check_states,
    check_undo=undo_states,
    basis=state_basis,
    history=state_history,
    always=True,
    prepare=prepare_states,
    permission=PERMISSION,
    parent="document_id",
)
CHARACTERISTICS: Final = Kind(
    name="offers.characteristics",
    entity=_DOCUMENT,
    writer=CharacteristicWriter(),
    check=check_characteristics,
    check_undo=locked,
    basis=characteristic_basis,
    history=characteristic_history,
    permission=PERMISSION,
)
KINDS: Final = (DOCUMENT_FIELDS, ROW_FIELDS, DOCUMENT_STATES, ROW_STATES, CHARACTERISTICS)
