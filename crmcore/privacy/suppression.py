"""The suppression list: nobody can read who is in it, and everybody who imports can ask whether somebody is.

A digest is an HMAC of kind and normalised value. There are so few phone numbers that whoever has both list and key can try them all: the
setting ``suppression_key`` keeps the key out of the database, and out of its backups.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Final

import attrs
from sqlalchemy import Connection, insert, select
from sqlalchemy.exc import IntegrityError

from crmcore.catalogues import suppressing
from crmcore.errors import ConfigurationError
from crmcore.model import SUPPRESSION, SUPPRESSION_KEY
from crmcore.query.words import digits_of
from crmcore.storage import batches

if TYPE_CHECKING:
    from crmcore.session import Session

PHONE, EMAIL, CODE = "phone", "email", "code"
KIND_OF: Final[Mapping[str, str]] = {"phone": PHONE, "email": EMAIL, "pec": EMAIL}
"""Kind of a contact point → kind of an identifier."""
_SHORTEST_PHONE: Final = 5
_SHORTEST_CODE: Final = 8
_ITALIAN_VAT: Final = 13
_ONLY: Final = 1
"""The key of the one row."""

Identifier = tuple[str, str]
"""Kind and normalised value of something by which a person is known."""


@attrs.frozen(kw_only=True)
class Suppressed:
    """Which of the values that were asked for are in the list, as they were given; false when none is."""

    phones: frozenset[str]
    emails: frozenset[str]
    codes: frozenset[str]

    def __bool__(self) -> bool:
        return bool(self.phones or self.emails or self.codes)


def identifier(kind: str, value: str | None) -> Identifier | None:
    """Return a phone, address or code in the form that is compared, or None for what identifies nobody."""
    if not value:
        return None
    if kind == PHONE:
        found = digits_of(value)
        return (kind, found) if len(found) >= _SHORTEST_PHONE else None
    if kind == EMAIL:
        found = value.strip().casefold()
        return (kind, found) if "@" in found else None
    found = "".join(each for each in value if each.isalnum()).upper()
    if len(found) == _ITALIAN_VAT and found.startswith("IT"):
        found = found.removeprefix("IT")
    return (kind, found) if len(found) >= _SHORTEST_CODE else None


def ask(session: Session, phones: Iterable[str], emails: Iterable[str], codes: Iterable[str]) -> Suppressed:
    """Return which values are in the list: one query for each ten thousand.

    Raises:
        ConfigurationError: ``SUPPRESSION_KEY_CHANGED``.
    """
    given = ((PHONE, frozenset(phones)), (EMAIL, frozenset(emails)), (CODE, frozenset(codes)))
    wanted = {each for kind, values in given for value in values if (each := identifier(kind, value))}
    listed = find(session, wanted)
    phones_, emails_, codes_ = (frozenset(value for value in values if identifier(kind, value) in listed) for kind, values in given)
    return Suppressed(phones=phones_, emails=emails_, codes=codes_)


def find(session: Session, wanted: Collection[Identifier]) -> set[Identifier]:
    """Return which identifiers are in the list; nothing is asked as long as nobody was ever erased."""
    if not wanted or not suppressing(session):
        return set()
    connection = session.orm.connection()
    key = _read_key(session, connection)
    if key is None:
        return set()
    digests = {_digest(key, each): each for each in wanted}
    found: set[Identifier] = set()
    for some in batches(sorted(digests)):
        rows = connection.execute(select(SUPPRESSION.c.digest).where(SUPPRESSION.c.digest.in_(some)))
        found.update(digests[digest] for digest in rows.scalars())
    return found


def add(session: Session, connection: Connection, log_id: int, wanted: Collection[Identifier]) -> None:
    """Put identifiers onto the list, in the transaction of the erasure; the first one makes the key."""
    if not wanted:
        return
    key = _read_key(session, connection) or _make_key(session, connection)
    digests = sorted({_digest(key, each) for each in wanted})
    there: set[str] = set()
    for some in batches(digests):
        there.update(connection.execute(select(SUPPRESSION.c.digest).where(SUPPRESSION.c.digest.in_(some))).scalars())
    rows = [{"digest": digest, "log_id": log_id} for digest in digests if digest not in there]
    if rows:
        connection.execute(insert(SUPPRESSION), rows)


def _digest(key: bytes, each: Identifier) -> str:
    return hmac.new(key, ":".join(each).encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()


def _read_key(session: Session, connection: Connection) -> bytes | None:
    row = connection.execute(select(SUPPRESSION_KEY)).first()
    if row is None:
        return None
    text = _configured(session) or row.value
    if _fingerprint(text) != row.fingerprint:
        raise ConfigurationError("SUPPRESSION_KEY_CHANGED")
    return bytes(text, "utf-8")


def _make_key(session: Session, connection: Connection) -> bytes:
    from crmcore.access.signin.secret import draw  # noqa: PLC0415 - signing in is built on sessions, whose rules are built on this

    configured = _configured(session)
    text = configured or draw()
    row = {"id": _ONLY, "version": 1, "fingerprint": _fingerprint(text), "value": "" if configured else text}
    try:
        with connection.begin_nested():
            connection.execute(insert(SUPPRESSION_KEY), row)
    except IntegrityError:
        # Another erasure, the first one too, was quicker.
        found = _read_key(session, connection)
        if found is None:
            raise
        return found
    return bytes(text, "utf-8")


def _configured(session: Session) -> str:
    found = session.settings("core").get("suppression_key")
    if found is None:
        return ""
    # Imported where a secret is set, because whoever set it has loaded this: a CRM without settings starts without it.
    from crmcore.deployment import Secret  # noqa: PLC0415

    return found.reveal() if isinstance(found, Secret) else str(found)


def _fingerprint(text: str) -> str:
    return hashlib.sha256(b"suppression key:" + text.encode()).hexdigest()


def identifiers(rows: Sequence[tuple[str, str | None]]) -> set[Identifier]:
    """Return the identifiers of pairs of kind and value."""
    return {each for kind, value in rows if (each := identifier(kind, value))}
