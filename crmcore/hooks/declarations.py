"""What declaration hooks return: frozen values, checked once at start."""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Final

import attrs

if TYPE_CHECKING:
    from crmcore.events import Envelope, Event, Schedule
    from crmcore.labels import Label
    from crmcore.session import Session
    from crmcore.work import JobRun


@attrs.frozen
class Migrations:
    """Name the folder of a plugin's Alembic revisions: ``folder`` inside ``package``."""

    package: str
    folder: str = "migrations"


@attrs.frozen
class ConfigSchema:
    """Hold the Cerberus schema of a plugin's settings.

    Besides Cerberus' rules each key has ``label`` (a `Label`) and ``help`` (English), and may have ``secret: True``: only such a key
    may refer to ``${env:NAME}`` or ``${file:/path}``, and its value is never printed.
    """

    # Cerberus schemas are open mappings by design.
    schema: Mapping[str, Mapping[str, Any]]


@attrs.frozen(kw_only=True)
class OpenWork:
    """One thing that a user still has to do: a record, what people call it, and until when."""

    entity: str
    id: int
    label: str
    due: date | None = None


@attrs.frozen(kw_only=True)
class ContributionKind:
    """Say what of an entity counts as somebody's contribution to the CRM (A11): records of it that a person creates, by default.

    What machines write never counts (I-71). ``account`` names the column that refers to the account which is touched by it, left out
    ``account_id`` when there is one.
    """

    name: str
    label: Label
    entity: str
    verbs: tuple[str, ...] = ("created",)
    account: str | None = None


@attrs.frozen(kw_only=True)
class Choice:
    """One value of a choice; an obsolete one stays readable on old records and is not offered any more."""

    code: str
    label: Label
    obsolete: bool = False


@attrs.frozen(kw_only=True)
class CharacteristicDef:
    """Define a characteristic (a custom field) of an entity (S4 «Caratteristiche», C01 to C11).

    ``key`` never changes; ``type`` names a `FieldType`; ``validate``, ``compute`` and ``on_change`` are rules in the scripting
    language; ``depends_on`` lists the keys that a computed value needs, left out all that its rule reads. ``portfolio`` and
    ``business_unit`` bind it to a part of the archive. Empty groups mean everybody. One that is not ``personal`` outlives an erasure,
    for statistics: nobody must be known by it.
    """

    key: str
    label: Label
    type: str = "text"
    entity: str = "account"
    unit: str = ""
    help: str = ""
    mandatory: bool = False
    read_only: bool = False
    printable: bool = True
    mobile: bool = False
    searchable: bool = True
    indexed: bool = False
    personal: bool = True
    portfolio: str | None = None
    business_unit: int | None = None
    visible_to: tuple[str, ...] = ()
    editable_by: tuple[str, ...] = ()
    default: object = None
    choices: tuple[Choice, ...] = ()
    target: str | None = None
    validate: str | None = None
    compute: str | None = None
    on_change: str | None = None
    depends_on: tuple[str, ...] = ()


class StoredAs(enum.Enum):
    """The JSON form of the values of a type, which decides how the database compares and sorts them."""

    TEXT = "text"
    """Text, by its code points: dates as ``2026-05-11``, codes."""
    INTEGER = "integer"
    """A JSON number without a fraction, at most 2**53."""
    DECIMAL = "decimal"
    """Plain decimal text of at most 15 digits (``"-1200.5"``), compared as a number."""
    FLAG = "flag"
    """``true`` or ``false``."""
    LIST = "list"
    """A list of texts; it has no order and cannot be indexed."""


def _as_stored(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    return value


@attrs.frozen(kw_only=True)
class FieldType:
    """Define a type of characteristic.

    ``normalise`` takes what a person or a file gave and returns the value to store, in the form that ``stored_as`` names; it raises
    ValueError with what it expected, as text or as a `Label` in both languages, when the value does not fit. Normalising what is stored
    changes nothing. ``read`` turns a stored value into the Python value that callers get, ``display`` into text.
    """

    name: str
    label: Label
    normalise: Callable[[object], object]
    display: Callable[[object], str] = str
    stored_as: StoredAs = StoredAs.TEXT
    read: Callable[[Any], Any] = _as_stored


@attrs.frozen(kw_only=True)
class State:
    """One state of a table. ``order`` decides what is forward; ``flags`` carry the semantics, labels never do (I-76)."""

    code: str
    label: Label
    order: int
    colour: str = "#6c757d"
    default: bool = False
    terminal: bool = False
    obsolete: bool = False
    flags: Mapping[str, bool | int | str] = attrs.field(factory=dict)


@attrs.frozen(kw_only=True)
class Transition:
    """An allowed step from one state to another; only members of one of the ``groups`` may take it (empty: everybody).

    ``guard`` is a rule over the fields and characteristics of the record by name, or names a `ScriptFunction` that gets them as a mapping
    of plain values; it says whether the step may be taken. ``required_fields`` and ``ordered_dates`` are columns or characteristics: those
    must be filled, and these, as far as they are filled, must not go backwards. ``effects`` are jobs that are queued with the change, with
    entity, id, old and new state.
    ``variant`` narrows
    the step to records of one variant, such as an order type (empty: all); it wins over a step without.
    """

    source: str
    target: str
    groups: tuple[str, ...] = ()
    guard: str | None = None
    required_fields: tuple[str, ...] = ()
    ordered_dates: tuple[str, ...] = ()
    effects: tuple[str, ...] = ()
    variant: str = ""


class TransitionMode(enum.Enum):
    """How a state table reads its transitions (`domain.md` §4.9)."""

    FREE = "free"
    """No transitions listed: everything is allowed."""
    STEPS = "steps"
    """Only listed transitions."""
    FORWARD_ONLY = "forward-only"
    """Listed, and never to a lower order (I-77)."""


@attrs.frozen(kw_only=True)
class StateTable:
    """Define the states of an entity as data.

    ``modes`` says of single variants, such as order types, that they go by another mode than ``mode`` (`domain.md` §4.9).
    """

    name: str
    entity: str
    label: Label
    states: tuple[State, ...]
    transitions: tuple[Transition, ...] = ()
    mode: TransitionMode = TransitionMode.FREE
    modes: Mapping[str, TransitionMode] = attrs.field(factory=dict)

    def mode_of(self, variant: str) -> TransitionMode:
        """Return the mode that holds for the records of a variant."""
        return self.modes.get(variant, self.mode)


@attrs.frozen(kw_only=True)
class Permission:
    """Name something that a profile may grant: ``<plugin>.<function>``."""

    name: str
    label: Label


@attrs.frozen(kw_only=True)
class ScriptFunction:
    """Offer a pure function of plain values to scripts, as ``<plugin>.<name>``."""

    name: str
    fn: Callable[..., object]
    help: str = ""


@attrs.frozen(kw_only=True)
class Template:
    """Name a Jinja template inside the package of a plugin."""

    name: str
    package: str
    path: str


class Phase(enum.Enum):
    """When an event handler runs."""

    IN_TRANSACTION = "in_transaction"
    """Before the commit, in its transaction: an exception rolls everything back."""
    AFTER_COMMIT = "after_commit"
    """Later, from the outbox, in a transaction of its own: isolated, retried, at least once."""


ANY_EVENT: Final = "*"
"""What a handler of the transaction names that looks at every event: it must cost next to nothing."""


@attrs.frozen(kw_only=True)
class Handler:
    """Listen to an event.

    ``event`` is an event class, the type of a record event (``"account.created"``), or in the transaction also `ANY_EVENT`;
    ``fn(session, envelope)`` is a module-level function. ``name`` is unique in the plugin, and is what a delivery remembers: do not rename
    it lightly. ``timeout`` is for deliveries: see `Job`.
    """

    event: str | type[Event]
    fn: Callable[[Session, Envelope], object]
    phase: Phase = Phase.AFTER_COMMIT
    name: str = ""
    max_attempts: int = 8
    backoff: timedelta = timedelta(seconds=10)
    timeout: timedelta = timedelta(minutes=10)

    @property
    def key(self) -> str:
        """The name, or that of the function."""
        return self.name or getattr(self.fn, "__name__", "handler")


@attrs.frozen(kw_only=True)
class Job:
    """Define work that runs from the queue: now, at a time, or again and again.

    ``fn(session, run)`` runs in a transaction of its own, which also records that it is done, so its effects in the database
    happen once. ``every`` makes it recurring. A failed attempt is repeated after ``backoff``, doubled each time. After ``timeout`` a
    running job counts as stuck: another worker takes it over, and what the stuck one still writes is rolled back.
    """

    name: str
    fn: Callable[[Session, JobRun], object]
    every: Schedule | None = None
    max_attempts: int = 8
    backoff: timedelta = timedelta(seconds=10)
    timeout: timedelta = timedelta(hours=1)
    help: str = ""


@attrs.frozen(kw_only=True)
class Command:
    """Add a command under ``crm <plugin>``: ``target`` is ``package.module:name`` of a click command, imported when used.

    With ``top`` it is also there as ``crm <name>``, unless the core has a command, or the deployment a plugin, of that name.
    """

    name: str
    target: str
    help: str
    top: bool = False
