"""The chain of the audit: what is changed past the CRM is found and named, and what the CRM itself does leaves it sound."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import delete, func, insert, select, text, update
from sqlalchemy.exc import DBAPIError

from crmcore import Account, Actor
from crmcore.audit import ACCESS, CHANGES, REDACTED
from crmcore.audit.canonical import NO_BLOCK, block_hash, digest_of, pack
from crmcore.audit.chain import BLOCK_ROWS, is_settled, mark, newest, seal
from crmcore.audit.jobs import SEAL
from crmcore.audit.verifying import verify
from crmcore.errors import AccessDenied, RecordNotFound, UsageError
from crmcore.model import AUDIT, AUDIT_BLOCK, JOB, Profile, User

pytestmark = pytest.mark.feature("A12", "P2.1")
SETTINGS = {"core": {"required_account_fields": ["name"], "audit_days": 100, "audit_access_days": 30}}


def write(crm, *names, actor="anna"):
    with crm.session(actor) as s:
        made = [s.add(Account(name=name)) for name in names]
        s.commit()
        return [each.id for each in made]


def refuse(crm, key=999):
    """Leave a refusal in the chain of accesses."""
    with crm.engine.begin() as connection:
        row = {"at": crm.clock.now(), "actor": "bruno", "source": "api", "correlation_id": crm.ids.uuid7(), "entity": "account"}
        connection.execute(insert(AUDIT).values(**row, entity_id=key, verb="refused", changes={"code": [None, "ACCESS_DENIED"]}))


def sealed(crm):
    with crm.session(Actor.system("test")) as s:
        done = s.audit.seal()
        s.commit()
        return done


def verdict(crm, *known):
    with crm.session(Actor.system("test")) as s:
        return s.audit.verify(known)


def codes(found):
    return [(problem.code, problem.params.get("block"), problem.params.get("id")) for problem in found.findings]


def unlock(connection):
    """Do what somebody does who owns the database."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("ALTER TABLE crm_audit DISABLE TRIGGER USER"))
    else:
        for name in ("crm_audit_update", "crm_audit_delete"):
            connection.execute(text(f"DROP TRIGGER {name}"))


def seal_anew(connection):
    """Write the whole chain again, as somebody does who knows how it is made."""
    previous = NO_BLOCK
    for block in connection.execute(select(AUDIT_BLOCK).where(AUDIT_BLOCK.c.stream == CHANGES).order_by(AUDIT_BLOCK.c.number)).all():
        mine = first(CHANGES, block.number)
        inside = (AUDIT.c.id > block.after_id, AUDIT.c.id <= block.until_id)
        entries = pack(connection.execute(select(AUDIT).where(*inside).order_by(AUDIT.c.id)).all())
        connection.execute(update(AUDIT_BLOCK).where(*mine).values(entries=entries, digest=digest_of(entries), previous=previous))
        previous = block_hash(connection.execute(select(AUDIT_BLOCK).where(*mine)).one())
        connection.execute(update(AUDIT_BLOCK).where(*mine).values(hash=previous))


def row_values(connection, key):
    return dict(connection.execute(select(AUDIT).where(AUDIT.c.id == key)).mappings().one())


def first(stream, number=1):
    return (AUDIT_BLOCK.c.stream == stream, AUDIT_BLOCK.c.number == number)


ATTACKS = {
    "what a row says": (lambda c: c.execute(update(AUDIT).where(AUDIT.c.id == 2).values(changes={})), ("AUDIT_ROW_CHANGED", 1, 2)),
    "who did it": (lambda c: c.execute(update(AUDIT).where(AUDIT.c.id == 3).values(actor="x")), ("AUDIT_ROW_CHANGED", 1, 3)),
    "when": (
        lambda c: c.execute(update(AUDIT).where(AUDIT.c.id == 1).values(at=datetime(2026, 1, 1, tzinfo=UTC))),
        ("AUDIT_ROW_CHANGED", 1, 1),
    ),
    "which record": (lambda c: c.execute(update(AUDIT).where(AUDIT.c.id == 1).values(entity_id=7)), ("AUDIT_ROW_CHANGED", 1, 1)),
    "from which device": (lambda c: c.execute(update(AUDIT).where(AUDIT.c.id == 1).values(device="x")), ("AUDIT_ROW_CHANGED", 1, 1)),
    "a row is gone": (lambda c: c.execute(delete(AUDIT).where(AUDIT.c.id == 2)), ("AUDIT_ROW_REMOVED", 1, 2)),
    "the last row is gone": (lambda c: c.execute(delete(AUDIT).where(AUDIT.c.id == 5)), ("AUDIT_ROW_REMOVED", 2, 5)),
    "another chain": (lambda c: c.execute(update(AUDIT).where(AUDIT.c.id == 2).values(verb="read")), ("AUDIT_ROW_REMOVED", 1, 2)),
    "a row between": (
        lambda c: c.execute(insert(AUDIT).values(row_values(c, 5) | {"id": 4, "verb": "updated"})),
        ("AUDIT_ROW_INSERTED", 2, 4),
    ),
    "the seals of rows": (
        lambda c: c.execute(update(AUDIT_BLOCK).where(*first(CHANGES)).values(entries=b"x" * 80)),
        ("AUDIT_BLOCK_CHANGED", 1, None),
    ),
    "how many rows": (lambda c: c.execute(update(AUDIT_BLOCK).where(*first(CHANGES)).values(rows=1)), ("AUDIT_BLOCK_CHANGED", 1, None)),
    "a block is gone": (lambda c: c.execute(delete(AUDIT_BLOCK).where(*first(CHANGES))), ("AUDIT_BLOCK_MISSING", 2, None)),
    "a block is dropped": (
        lambda c: (
            c.execute(update(AUDIT_BLOCK).where(*first(CHANGES)).values(dropped_at=datetime(2026, 5, 11, tzinfo=UTC), entries=None)),
            c.execute(delete(AUDIT).where(AUDIT.c.id <= 3)),
        ),
        ("AUDIT_DROP_UNBACKED", 1, None),
    ),
    "a redaction that nobody made": (
        lambda c: c.execute(update(AUDIT).where(AUDIT.c.id == 1).values(redacted=digest(c, 1), changes={"name": [None, "Altro"]})),
        ("AUDIT_REDACTION_UNBACKED", 1, 1),
    ),
}


def digest(connection, key):
    from crmcore.audit.canonical import changes_digest

    return changes_digest(row_values(connection, key)["changes"])


def test_what_was_changed_removed_or_inserted_is_named(open_crm):
    crm = open_crm()
    write(crm, "Rossi", "Bianchi", "Verdi")
    sealed(crm)
    with crm.engine.begin() as connection:
        # A key that was drawn, and rolled back: such gaps are no removal.
        connection.execute(insert(AUDIT).values(row_values(connection, 3) | {"id": 5, "verb": "updated"}))
    sealed(crm)
    assert (verdict(crm).findings, verdict(crm).blocks, verdict(crm).rows) == ((), 2, 4)
    for name, (attack, expected) in ATTACKS.items():
        with crm.engine.connect() as connection, connection.begin() as transaction:
            unlock(connection)
            attack(connection)
            assert (name, codes(verify(connection))[:1]) == (name, [expected])
            transaction.rollback()
    assert verdict(crm).sound


def test_who_writes_the_whole_chain_anew_is_found_by_a_head_that_was_kept(open_crm):
    crm = open_crm()
    for name in ("Rossi", "Bianchi"):
        write(crm, name)
        [head] = sealed(crm).blocks
    assert verdict(crm, str(head)).sound
    with crm.engine.begin() as connection:
        unlock(connection)
        connection.execute(update(AUDIT).where(AUDIT.c.id == 1).values(actor="somebody.else"))
        seal_anew(connection)
    assert verdict(crm).sound
    assert codes(verdict(crm, str(head))) == [("AUDIT_HEAD_DIFFERENT", None, None)]
    with crm.engine.begin() as connection:
        connection.execute(delete(AUDIT_BLOCK).where(*first(CHANGES, 2)))
    assert (verdict(crm).sound, verdict(crm).unsealed, verdict(crm, head).sound) == (True, 1, False)
    with pytest.raises(UsageError, match="AUDIT_HEAD_INVALID"):
        verdict(crm, "changes:2")


def test_nobody_edits_the_audit(open_crm):
    crm = open_crm()
    write(crm, "Rossi")
    statements = [update(AUDIT).values(actor="x"), delete(AUDIT), update(AUDIT).values(redacted="x", actor="x")]
    with crm.session("anna") as s:
        for statement in (*statements, insert(AUDIT).values(actor="x"), text("UPDATE crm_audit SET actor = 'x'")):
            with pytest.raises(UsageError, match="DIRECT_WRITE_REFUSED"):
                s.execute(statement)
    if crm.engine.dialect.name == "postgresql":
        statements += [text("TRUNCATE crm_audit"), text("WITH gone AS (DELETE FROM crm_audit RETURNING 1) SELECT * FROM gone")]
    for statement in statements:
        with pytest.raises(DBAPIError, match="append-only"), crm.engine.begin() as connection:
            connection.execute(statement)
    with crm.session(Actor.system("setup")) as s:
        profile = s.add(Profile(code="AGENTE", label_it="Agente", functions=["customers.*"], scopes=[{"kind": "own"}]))
        s.flush()
        s.add(User(login="admin"))
        s.add(User(login="a1", profile_id=profile.id))
        chief = s.add(Profile(code="CAPO", label_it="Capo", functions=["*"], scopes=[{"kind": "own"}], administrator=True))
        s.flush()
        s.add(User(login="chief", profile_id=chief.id))
        s.commit()
    # Somebody who is limited does not read it either, and it is not offered to one who is no administrator.
    with crm.session("a1") as s, pytest.raises(DBAPIError):
        s.execute(select(AUDIT))
    for ask in ("list", "heads", "verify", "seal", "export"):
        with crm.session("a1") as s, pytest.raises(AccessDenied, match="ADMINISTRATOR_NEEDED"):
            getattr(s.audit, ask)()
    with crm.session("admin") as s:
        assert len(s.audit.list(actor="anna")) == 1
    # Between two lines of an export, the guard is where it was.
    with crm.session("chief") as s:
        assert [(len(s.scalars(select(Account)).all()), "Rossi" in line) for line in s.audit.export(actor="anna")] == [(0, True)]


def test_a_row_that_is_committed_late_is_sealed_and_none_before_it(open_crm, frozen_clock):
    crm = open_crm(clock=frozen_clock)
    write(crm, "Rossi")
    if crm.engine.dialect.name != "postgresql":
        # One writer at a time: who seals has the lock.
        assert mark(crm.engine.connect()).waiting == ()
        return
    with crm.engine.connect() as slow, slow.begin():
        late = slow.execute(
            insert(AUDIT)
            .values(row_values(slow, 1) | {"id": select(func.nextval("crm_audit_id_seq")).scalar_subquery()})
            .returning(AUDIT.c.id)
        ).scalar_one()
        write(crm, "Bianchi")
        with crm.engine.begin() as connection:
            waiting = mark(connection)
            assert (waiting.until > late, len(waiting.waiting), is_settled(connection, waiting)) == (True, 1, False)
        assert sealed(crm).rows == 0
        # The job notes the mark, and looks again a minute later; who began after it is not waited for.
        frozen_clock.advance(timedelta(hours=6))
        worker = crm.worker(name="w")
        worker.run_until_idle()
        frozen_clock.advance(timedelta(hours=6))
        worker.run_until_idle()
        assert verdict(crm).blocks == 0
    with crm.engine.connect() as other, other.begin():
        other.execute(insert(AUDIT).values(row_values(other, 1) | {"id": select(func.nextval("crm_audit_id_seq")).scalar_subquery()}))
        frozen_clock.advance(timedelta(minutes=1))
        worker.run_until_idle()
        found = verdict(crm)
    assert (found.sound, found.rows) == (True, 3)
    with crm.engine.connect() as connection:
        assert connection.execute(select(func.count()).select_from(JOB).where(JOB.c.name == SEAL, JOB.c.state == "dead")).scalar() == 0


def test_blocks_have_a_thousand_rows_and_a_run_seals_as_many_as_it_may(open_crm):
    crm = open_crm()
    write(crm, *(f"K{number}" for number in range(2 * BLOCK_ROWS + 10)))
    refuse(crm)
    with crm.engine.begin() as connection:
        until = mark(connection).until
        done = seal(connection, until, crm.clock.now(), most=BLOCK_ROWS)
        assert (done.rows, done.more, done.until) == (BLOCK_ROWS, True, BLOCK_ROWS)
    rest = sealed(crm)
    assert ([(head.stream, head.number) for head in rest.blocks], rest.more) == ([(CHANGES, 2), (CHANGES, 3), (ACCESS, 1)], False)
    found = verdict(crm)
    assert (found.sound, found.rows, found.unsealed) == (True, 2 * BLOCK_ROWS + 11, 0)
    with crm.engine.connect() as connection:
        assert {row.stream: row.until_id for row in newest(connection)} == {CHANGES: until, ACCESS: until}
    assert sealed(crm).blocks == ()


def test_what_expires_goes_from_the_front_and_the_rest_is_still_sound(open_crm, frozen_clock):
    crm = open_crm(clock=frozen_clock, settings=SETTINGS)
    worker = crm.worker(name="w")
    worker.run_until_idle()
    for _ in range(3):
        write(crm, "Rossi")
        refuse(crm)
        sealed(crm)
        frozen_clock.advance(timedelta(days=40))
        worker.run_until_idle()
    heads = [str(head) for head in verdict(crm).heads]
    # Refusals live thirty days, changes a hundred.
    found = verdict(crm, *heads)
    assert (found.findings, found.dropped) == ((), 4)
    with crm.engine.connect() as connection:
        kept = connection.execute(select(AUDIT.c.verb, AUDIT.c.entity).order_by(AUDIT.c.id)).all()
    assert [row.verb for row in kept] == ["expired", "created", "expired", "created", "expired"]
    # Who drops more than was due is found, although the triggers cannot know it.
    with crm.engine.connect() as connection, connection.begin() as transaction:
        connection.execute(update(AUDIT_BLOCK).where(AUDIT_BLOCK.c.stream == CHANGES).values(dropped_at=crm.clock.now(), entries=None))
        connection.execute(delete(AUDIT).where(AUDIT.c.verb == "created"))
        assert "AUDIT_DROP_UNBACKED" in [code for code, *_ in codes(verify(connection))]
        transaction.rollback()
    assert verdict(crm).sound


def test_a_redaction_takes_values_and_leaves_the_chain(open_crm):
    crm = open_crm()
    [key] = write(crm, "Mario Rossi")
    with crm.session("anna") as s:
        s.require(Account, key).notes = "Chiamare la sera"
        s.commit()
    sealed(crm)
    write(crm, "Mario Bianchi")
    with crm.session(Actor.system("privacy")) as s:
        rows = [entry.id for entry in s.audit.list()]
        assert s.audit.redact(rows, entity="account", key=key, reason="erasure 12", fields=["name", "notes"]) == 3
        s.commit()
    with crm.session(Actor.system("test")) as s:
        assert [word for word in ("Mario", "sera") if word in "".join(s.audit.export())] == []
        newest_, _, edited, made = s.audit.list()
        assert (edited.changes, edited.redacted, made.changes["kind"]) == ({"notes": [None, REDACTED]}, True, [None, "business"])
        assert (newest_.verb, newest_.changes["record"], newest_.changes["reason"]) == (
            "redacted",
            [None, f"account {key}"],
            [None, "erasure 12"],
        )
        assert s.audit.redact(rows, entity="account", key=key, reason="again", fields=["name"]) == 0
        # More of the same row later: its first digest stays.
        assert s.audit.redact([made.id], entity="account", key=key, reason="erasure 13") == 1
        s.commit()
    sealed(crm)
    found = verdict(crm)
    assert (found.findings, found.redacted) == ((), 3)


def test_entries_are_listed_and_exported(open_crm, frozen_clock):
    crm = open_crm(clock=frozen_clock)
    start = frozen_clock.now()
    one, two = write(crm, "Rossi", "Bianchi")
    sealed(crm)
    frozen_clock.advance(timedelta(days=1))
    write(crm, "Verdi", actor="bruno")
    refuse(crm, one)
    with crm.session(Actor.system("test")) as s:
        listed = s.audit.list
        assert [entry.entity_id for entry in listed(limit=2)] == [one, 3]
        assert [entry.entity_id for entry in listed(after=listed(limit=2)[-1].id)] == [two, one]
        assert [entry.verb for entry in listed(entity="account", id=one)] == ["refused", "created"]
        assert [entry.entity_id for entry in listed(since=start + timedelta(hours=1), verbs=["created"])] == [3]
        assert [entry.entity_id for entry in listed(before=start + timedelta(hours=1))] == [two, one]
        assert {entry.actor for entry in listed(actor="anna", since=start)} == {"anna"}
        assert [(entry.block, entry.stream) for entry in listed()] == [(None, ACCESS), (None, CHANGES), (1, CHANGES), (1, CHANGES)]
        entry = listed(entity="account", id=two)[0]
        assert s.audit.get(entry.id) == entry
        lines = [json.loads(line) for line in s.audit.export(entity="account", id=two)]
        assert [(line["changes"]["name"], line["hash"], line["at"]) for line in lines] == [
            ([None, "Bianchi"], entry.hash, "2026-05-11T07:00:00+00:00")
        ]
        table = list(s.audit.export("csv", before=start + timedelta(hours=1)))
        assert (table[0][:4], len(table), '""name"":[null,""Rossi""]' in table[1]) == ("\ufeffid;", 3, True)
        with pytest.raises(UsageError, match="AUDIT_FORMAT"):
            s.audit.export("pdf")
        with pytest.raises(UsageError, match="QUERY_PAGE"):
            listed(limit=0)
        with pytest.raises(RecordNotFound):
            s.audit.get(99)
