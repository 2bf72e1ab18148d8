"""Keep the match keys: in the transaction of each change, and made anew where the rule of a kind has another version."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final

import attrs
from sqlalchemy import ARRAY, BigInteger, Integer, bindparam, delete, func, insert, select

from crmcore import Account, Change, Job, JobRun, Session, Watcher
from crmcore.events import RecordVerb, Rule
from crmcore.model import PLUGIN
from crmcore_quality.matching.keysets import REBUILD, OwnKeys, own_keys, schema_of
from crmcore_quality.matching.model import MATCH_KEY, KeyKind, table_of
from crmcore_quality.matching.reading import ACCOUNT_FIELDS, CHUNK, OWN_FIELDS, POINT_FIELDS, SITE_FIELDS, Found, new_records, read_records

if TYPE_CHECKING:
    from crmcore_quality.duplicates import Schema

_KINDS: Final = "quality.key_kinds"
Rows = Mapping[int, dict[int, int]]
"""Account → hash → kind."""


@attrs.frozen
class Keeper:
    """What is needed to make keys: the schema, and the number of each kind."""

    own: OwnKeys
    schema: Schema
    numbers: Mapping[str, int]

    def rows(self, found: Iterable[Found]) -> dict[int, dict[int, int]]:
        """Return the keys of accounts: hash → kind, by account."""
        from crmcore_quality.duplicates.keys import hashed  # noqa: PLC0415 - the engine brings numpy

        rules = [(rule, self.numbers[rule.kind]) for rule in self.schema.keys]
        return {number: {hashed(rule.kind, key): kind for rule, kind in rules for key in rule.keys(record)} for number, record in found}


def keeper(session: Session) -> Keeper:
    """Return what makes the keys of this deployment; it is read once in a unit of work."""
    known: Keeper | None = session.unit.memo.get(_KINDS)
    if known is None:
        own = own_keys(session)
        known = session.unit.memo[_KINDS] = Keeper(own, schema_of(own), own.numbers())
    return known


def versions(session: Session, own: OwnKeys, schema: Schema) -> dict[str, str]:
    """Return what the stored keys of each kind depend on: the version of the rule, and since when somebody keeps them.

    While the plugin is disabled nobody does: keys of before that are outdated.
    """
    mine = {each.kind: each.version for each in own.sets}
    with session.unguarded("quality"):
        enabled = session.scalar(select(PLUGIN.c.changed_at).where(PLUGIN.c.name == "quality"))
    return {rule.kind: f"{mine.get(rule.kind, rule.version)} {enabled}" for rule in schema.keys}


def keep(session: Session, keys: Collection[int], changes: Sequence[Change] | None = None) -> None:
    """Write the keys of accounts as they are now, those of the ones that are gone or merged are deleted: a handful of statements.

    Accounts that the changes of a commit made are taken from those, and not read.
    """
    kept = keeper(session)
    made = dict(new_records(kept.own, keys, changes or ()))
    _insert(session, [(key, account, kind) for account, mine in kept.rows(made.items()).items() for key, kind in mine.items()])
    ordered = sorted(set(keys) - made.keys())
    for start in range(0, len(ordered), CHUNK):
        some = ordered[start : start + CHUNK]
        write_keys(session, some, kept.rows(read_records(session, kept.own, some)))


def keep_characteristics(session: Session, keys: Collection[int], changes: Sequence[Change] | None = None) -> None:
    """Write the keys of accounts whose characteristics changed, if a key set is made of any; new ones are told of elsewhere."""
    if not keeper(session).own.reads_characteristics:
        return
    made = {change.id for change in changes or () if change.entity == "account" and change.verb is RecordVerb.CREATED}
    keep(session, set(keys) - made)


def write_keys(session: Session, accounts: Sequence[int], wanted: Rows) -> None:
    """Replace the stored keys of accounts that differ from those wanted."""
    table = MATCH_KEY.c
    stored: dict[int, dict[int, int]] = defaultdict(dict)
    for key, account, kind in session.execute(select(table.key_hash, table.record_id, table.kind).where(table.record_id.in_(accounts))):
        stored[account][key] = kind
    changed = [account for account in accounts if stored.get(account, {}) != wanted.get(account, {})]
    stale = [account for account in changed if account in stored]
    if stale:
        session.execute(delete(MATCH_KEY).where(table.record_id.in_(stale)))
    _insert(session, [(key, account, kind) for account in changed for key, kind in wanted.get(account, {}).items()])


def _insert(session: Session, rows: Sequence[tuple[int, int, int]]) -> None:
    """Insert rows in the order of the key, by one statement."""
    if not rows:
        return
    ordered = sorted(rows)
    names = ("key_hash", "record_id", "kind")
    if session.dialect != "postgresql":
        session.execute(insert(MATCH_KEY), [dict(zip(names, row, strict=True)) for row in ordered])
        return
    types = (BigInteger, BigInteger, Integer)
    columns = zip(names, types, zip(*ordered, strict=True), strict=True)
    given = [bindparam(None, list(values), ARRAY(kind), unique=True) for _, kind, values in columns]
    source = func.unnest(*given).table_valued(*names, name="given").render_derived()
    session.execute(insert(MATCH_KEY).from_select(names, select(*source.c)))


WATCHERS: Final = (
    Watcher(
        entity="account",
        fields=(*ACCOUNT_FIELDS, *OWN_FIELDS),
        fn=keep,
        through={
            "account": ("merged_into_id", ()),
            "site": ("account_id", SITE_FIELDS),
            "contact_point": ("account_id", POINT_FIELDS),
        },
    ),
    Watcher(entity="account", fields=("characteristics",), fn=keep_characteristics),
)


# Making them anew


@attrs.frozen
class Stale:
    """Kinds whose stored keys are of another version than their rule, or of no rule any more."""

    outdated: tuple[str, ...]
    abandoned: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.outdated or self.abandoned)


def stale(session: Session) -> Stale:
    """Return which kinds of keys have to be made anew."""
    own = own_keys(session)
    wanted = versions(session, own, schema_of(own))
    with session.unguarded("quality"):
        built = {row.name: row.built for row in session.execute(select(KeyKind.name, KeyKind.built))}
    outdated = tuple(name for name, version in wanted.items() if built.get(name) != version)
    return Stale(outdated, tuple(sorted(built.keys() - wanted.keys())))


def rebuild_some(session: Session, after: int) -> int | None:
    """Make the keys of the next accounts behind an id; return the last of them, or None when all were made."""
    chunk = select(Account.id).where(Account.id > after).order_by(Account.id).limit(CHUNK)
    keys = session.scalars(chunk).all()
    if keys:
        keep(session, keys)
        return int(keys[-1])
    _finish(session)
    return None


def _finish(session: Session) -> None:
    """Delete the keys of kinds and accounts that are no more, and note what the others were made by."""
    kept = keeper(session)
    table = MATCH_KEY.c
    session.execute(delete(MATCH_KEY).where(table.kind.not_in(list(kept.numbers.values()))))
    session.execute(delete(MATCH_KEY).where(table.record_id.not_in(select(Account.id).where(Account.merged_into_id.is_(None)))))
    session.execute(delete(table_of(KeyKind)))
    now, actor = session.now(), session.actor.name
    stamps = {"version": 1, "created_at": now, "created_by": actor, "updated_at": now, "updated_by": actor, "entity": "account"}
    wanted = versions(session, kept.own, kept.schema)
    rows = [{"name": name, "number": kept.numbers[name], "built": built, **stamps} for name, built in wanted.items()]
    session.execute(insert(table_of(KeyKind)), rows)


def rebuild(session: Session) -> Iterator[int]:
    """Make all keys anew, a few thousand accounts at a time, between which the caller may commit; yields the last account of each."""
    after: int | None = 0
    while after is not None:
        after = rebuild_some(session, after)
        if after is not None:
            yield after


def rebuild_job(session: Session, run: JobRun) -> None:
    """Make the keys of some accounts, and queue the next."""
    after = int(run.args.get("after", 0))
    last = rebuild_some(session, after)
    if last is not None:
        session.jobs.enqueue(REBUILD, {"after": last})


def refresh_job(session: Session, run: JobRun) -> None:
    """Queue the making of keys whose rule changed, such as after an upgrade."""
    del run
    if stale(session):
        session.jobs.enqueue(REBUILD, key=REBUILD)


_EVERY_NIGHT: Final = Rule("FREQ=DAILY;BYHOUR=2;BYMINUTE=40;BYSECOND=0")
JOBS: Final = (
    Job(name=REBUILD, fn=rebuild_job, help="Makes the match keys of all accounts anew, some at a time."),
    Job(name="quality.refresh_keys", fn=refresh_job, every=_EVERY_NIGHT, help="Looks every night for match keys whose rule changed."),
)
