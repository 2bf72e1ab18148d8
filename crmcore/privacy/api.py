"""Personal data, as a session offers it.

::

    shown = s.privacy.preview_erasure(account)       # by table: what is emptied, what stays, by which law, until when
    s.privacy.erase(account, reason="request of 11 May", token=shown.token)
    s.commit()
    scrub(crm)                                       # and out of the files

    s.privacy.export_subject(person).write_zip(Path("rossi.zip"))
    s.privacy.suppressed(phones=row_phones, emails=row_emails)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, func, insert, inspect, select

from crmcore.access.functions import PRIVACY_ERASE, PRIVACY_EXPORT, PRIVACY_OVERRIDE
from crmcore.errors import AccessDenied, UsageError
from crmcore.migrate.recording import recorded_plugins
from crmcore.model import PRIVACY_LOG, Account, Person
from crmcore.privacy import suppression
from crmcore.privacy.erasing import Plan, Subject, carry_out, plan_of_erasure
from crmcore.privacy.events import AccountErased, PersonErased
from crmcore.privacy.exporting import SubjectExport, export
from crmcore.privacy.rules import OVERRIDE
from crmcore.privacy.suppression import Suppressed
from crmcore.privacy.values import Erasure, Log, Preview, TableReport
from crmcore.storage import write_transaction

if TYPE_CHECKING:
    from crmcore.session import Session

_NOTHING: Mapping[str, str] = {}


class PrivacyApi:
    """Erasing, exporting, and the list of those whom nobody may bring back. Get it as ``session.privacy``."""

    def __init__(self, session: Session) -> None:
        self._session = session

    # Erasing

    def preview_erasure(self, subject: Subject, *, keep: Mapping[str, str] = _NOTHING) -> Preview:
        """Return what `erase` would do now; nothing is changed.

        Raises:
            AccessDenied: ``PERMISSION_NEEDED`` without ``privacy.erase``.
            UsageError: as `erase`.
        """
        self._require(PRIVACY_ERASE)
        with self._session.guard.lifted():
            return self._plan(subject, keep).preview()

    def erase(self, subject: Subject, *, reason: str, keep: Mapping[str, str] = _NOTHING, token: str | None = None) -> Erasure:
        """Erase a person: an account with all that was merged into it, or a contact person; it lasts with the commit (GDPR art. 17).

        Rows stay, so that nothing refers to nobody and statistics stay right; their personal columns are emptied, also in history, events,
        queue and search. What ``__retention__`` names stays until its time is over: erase again then. ``keep`` maps further entities to
        the reason why they stay whole, such as a lawsuit. Phones, addresses and codes go onto the suppression list. What the session
        has not flushed yet is flushed; with ``token`` nothing happens unless the preview is still the same.

        Raises:
            AccessDenied: ``PERMISSION_NEEDED`` without ``privacy.erase``.
            UsageError: ``ERASURE_REASON``, ``ERASURE_CHANGED``, ``ERASURE_PLUGIN_OFF``, ``ACCESS_ENTITY_UNKNOWN`` for a name in ``keep``.
        """
        session = self._session
        self._require(PRIVACY_ERASE)
        if not reason.strip():
            raise UsageError("ERASURE_REASON")
        session.flush()
        session.take_write_lock()
        with session.undoing(), session.guard.lifted():
            plan = self._plan(subject, keep)
            if token is not None and token != plan.preview().token:
                raise UsageError("ERASURE_CHANGED", entity=plan.root.entity_name(), id=plan.key)
            done = carry_out(session, plan, reason)
        # What the session holds of the person is read anew, and then is what is left.
        session.orm.expire_all()
        if plan.root is Account:
            session.publish(AccountErased(account_id=plan.key, merged_ids=plan.merged))
        else:
            session.publish(PersonErased(person_id=plan.key, account_id=session.require(Person, plan.key).account_id))
        return done

    def _plan(self, subject: Subject, keep: Mapping[str, str]) -> Plan:
        session = self._session
        unknown = sorted(set(keep) - set(session.registry.entities))
        if unknown:
            known = ", ".join(sorted(session.registry.entities))
            raise UsageError("ACCESS_ENTITY_UNKNOWN", entity=unknown[0], known=known)
        _refuse_silent_plugins(session.orm.connection())
        return plan_of_erasure(session, type(subject), self._key(subject), keep)

    def _key(self, subject: Subject) -> int:
        """Return the key of who is meant: what was merged away is erased with its survivor."""
        if isinstance(subject, Person):
            return subject.id
        found = self._session.accounts.get(subject.id)
        return found.id if found is not None else subject.id

    # Exporting

    def export_subject(self, subject: Subject, *, reason: str = "") -> SubjectExport:
        """Return all that is stored about a person, in tables of plugins too (GDPR art. 15, 20); the privacy log notes it at once.

        It is whole or there is none: the person has a right to all of it, and who has a mask none to what it hides.

        Raises:
            AccessDenied: ``PERMISSION_NEEDED`` without ``privacy.export``, ``FIELD_HIDDEN`` when the profile hides some of it.
        """
        self._require(PRIVACY_EXPORT)
        session = self._session
        session.flush()
        hidden = {cls.__tablename__: (cls, session.hidden(cls)) for cls in session.registry.entities.values()}
        with session.guard.lifted():
            found = export(session, type(subject), self._key(subject))
        for cls, fields in (hidden[table] for table in found.tables if table in hidden):
            session.require_shown(cls, *sorted(fields))
        with session.guard.lifted():
            if session.hosted or session.writing:
                # A second writer would wait for this one.
                self._note(session.orm.connection(), found, reason)
                return found
        with write_transaction(session.crm.engine) as connection:
            self._note(connection, found, reason)
        return found

    def _note(self, connection: Connection, found: SubjectExport, reason: str) -> None:
        row = {"kind": "export", "at": found.at, "actor": self._session.actor.name, "entity": found.entity, "entity_id": found.id}
        connection.execute(insert(PRIVACY_LOG), {**row, "reason": reason, "report": []})

    # The suppression list

    def suppressed(self, *, phones: Iterable[str] = (), emails: Iterable[str] = (), codes: Iterable[str] = ()) -> Suppressed:
        """Return which of these values belonged to people who were erased; one query for ten thousand, whatever way they are written.

        ``codes`` are VAT and fiscal codes. Whoever imports asks before, and the commit refuses with ``ERASED_SUBJECT`` anyway.

        Raises:
            ConfigurationError: ``SUPPRESSION_KEY_CHANGED``.
        """
        with self._session.guard.lifted():
            return suppression.ask(self._session, phones, emails, codes)

    @contextmanager
    def bringing_back(self, *, reason: str) -> Iterator[None]:
        """Let the flushes in the block write people who are on the suppression list, because they came back themselves.

        The list goes on refusing them everywhere else; the privacy log notes who let whom in, and why.

        Raises:
            AccessDenied: ``PERMISSION_NEEDED`` without ``privacy.override``.
            UsageError: ``ERASURE_REASON``.
        """
        self._require(PRIVACY_OVERRIDE)
        if not reason.strip():
            raise UsageError("ERASURE_REASON")
        memo = self._session.unit.memo
        memo[OVERRIDE] = reason
        try:
            yield
            self._session.flush()
        finally:
            memo.pop(OVERRIDE, None)

    # The log

    def log(self, *, due: date | None = None) -> Sequence[Log]:
        """Return the privacy log, oldest first; with ``due`` the erasures of which more can be emptied by that day.

        Raises:
            AccessDenied: ``PERMISSION_NEEDED`` without ``privacy.erase``.
        """
        self._require(PRIVACY_ERASE)
        query = select(PRIVACY_LOG).order_by(PRIVACY_LOG.c.id)
        if due is not None:
            latest = select(func.max(PRIVACY_LOG.c.id)).where(PRIVACY_LOG.c.kind == "erasure")
            latest = latest.group_by(PRIVACY_LOG.c.entity, PRIVACY_LOG.c.entity_id)
            query = query.where(PRIVACY_LOG.c.id.in_(latest), PRIVACY_LOG.c.due <= due)
        with self._session.guard.lifted():
            return [_log(row) for row in self._session.orm.connection().execute(query).mappings()]

    def _require(self, permission: str) -> None:
        if not self._session.may(permission):
            raise AccessDenied("PERMISSION_NEEDED", login=self._session.actor.name, permission=permission)


def _log(row: Mapping[Any, Any]) -> Log:
    return Log(
        id=row["id"],
        kind=row["kind"],
        at=row["at"],
        actor=row["actor"],
        entity=row["entity"],
        record_id=row["entity_id"],
        reason=row["reason"],
        tables=tuple(TableReport.of(each) for each in row["report"]),
        due=row["due"],
        scrubbed_at=row["scrubbed_at"],
    )


def _refuse_silent_plugins(connection: Connection) -> None:
    """Refuse while the data of disabled plugins is there: what nobody declares, nobody can erase.

    Raises:
        UsageError: ``ERASURE_PLUGIN_OFF``.
    """
    there = set(inspect(connection).get_table_names())
    silent = sorted(record.name for record in recorded_plugins(connection) if not record.enabled and there.intersection(record.tables))
    if silent:
        raise UsageError("ERASURE_PLUGIN_OFF", plugins=", ".join(silent))
