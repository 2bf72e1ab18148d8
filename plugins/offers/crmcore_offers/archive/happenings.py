"""The events of documents, beside those of their records; other plugins hang on to these without being known here."""

from __future__ import annotations

from decimal import Decimal
from typing import ClassVar

import attrs

from crmcore import Event


@attrs.frozen(kw_only=True)
class DocumentCreated(Event):
    """A document was made here, or came from another system; ``source`` names that one, and is empty for the CRM's own."""

    TYPE: ClassVar[str] = "offers.document_created"
    document_id: int
    account_id: int
    type: str
    meaning: str
    taxable: Decimal
    probability: int
    """In percent; that of the state, where the document has none of its own."""
    agent_id: int | None
    owner: str
    source: str


@attrs.frozen(kw_only=True)
class DocumentStateChanged(Event):
    """A document went to another state; the flags are those of the new one."""

    TYPE: ClassVar[str] = "offers.document_state_changed"
    document_id: int
    account_id: int
    type: str
    old: str | None
    new: str
    confirmed: bool
    negative: bool
    actor: str


@attrs.frozen(kw_only=True)
class RowStateChanged(Event):
    """A row went to another state; the flags are those of the new one."""

    TYPE: ClassVar[str] = "offers.row_state_changed"
    row_id: int
    document_id: int
    old: str | None
    new: str
    confirmed: bool
    cancelled: bool
    returned: bool
    actor: str


@attrs.frozen(kw_only=True)
class DocumentRevised(Event):
    """The content that a document had was kept as revision ``number``; ``taxable`` is what it came to."""

    TYPE: ClassVar[str] = "offers.document_revised"
    document_id: int
    account_id: int
    revision_id: int
    number: int
    taxable: Decimal
    actor: str


@attrs.frozen(kw_only=True)
class DocumentConverted(Event):
    """A document was made from another one, which stays as it is."""

    TYPE: ClassVar[str] = "offers.document_converted"
    document_id: int
    account_id: int
    type: str
    predecessor_id: int
    predecessor_type: str


@attrs.frozen(kw_only=True)
class DocumentLocked(Event):
    """A document reached a state that makes it read-only (I-34)."""

    TYPE: ClassVar[str] = "offers.document_locked"
    document_id: int
    account_id: int
    type: str
    state: str


@attrs.frozen(kw_only=True)
class LockOverridden(Event):
    """Somebody with the right to do so changed a document in spite of its lock; the document and its audit say why."""

    TYPE: ClassVar[str] = "offers.lock_overridden"
    document_id: int
    state: str
    actor: str


EVENTS = (
    DocumentCreated,
    DocumentStateChanged,
    RowStateChanged,
    DocumentRevised,
    DocumentConverted,
    DocumentLocked,
    LockOverridden,
)
