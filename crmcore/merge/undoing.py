"""Take one merge back: what nobody touched since is put back as it was, and about the rest somebody chooses (I-19)."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Generator, Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import attrs
from sqlalchemy import Boolean, Connection, Integer, Row, Table, select

from crmcore.errors import UsageError
from crmcore.events import RecordVerb
from crmcore.merge.deciding import CHARACTERISTIC
from crmcore.merge.images import Image, Key, read_images
from crmcore.merge.journal import DROPPED, RECORD, Entry, read_journal
from crmcore.merge.later import refuse_later
from crmcore.merge.merging import ACCOUNT
from crmcore.merge.references import ReferenceMap, references_of
from crmcore.merge.values import ThreeWay
from crmcore.model import AUDIT, STAMPS, Json, JsonMap

if TYPE_CHECKING:
    from crmcore.session import Session

KEEP: Final = "keep"
RESTORE: Final = "restore"
CHOICES: Final = (KEEP, RESTORE)
_STAMPS: Final = frozenset({"version", *STAMPS})
_VERSION: Final = "version"
_COLUMN: Final = "characteristics"


@attrs.define(slots=False)
class Undoing:
    """The undoing of one merge; `ask` reads, `write` writes."""

    session: Session
    merge: Row[Any]
    """The record of the merge."""
    members: tuple[int, ...]
    choices: Mapping[str, str]
    entries: list[Entry] = attrs.field(factory=list)
    questions: list[ThreeWay] = attrs.field(factory=list)
    restored: Counter[str] = attrs.field(factory=Counter)
    kept: Counter[str] = attrs.field(factory=Counter)
    gone: Counter[str] = attrs.field(factory=Counter)
    left: set[tuple[str, Key]] = attrs.field(factory=set)
    """Rows that stay as they are."""
    records: dict[Key, Image] = attrs.field(factory=dict)
    """What becomes of the accounts."""
    told: dict[Key, dict[str, tuple[Any, Any]]] = attrs.field(factory=lambda: defaultdict(dict))

    @property
    def accounts(self) -> tuple[int, ...]:
        """The keys of all accounts of the merge, the survivor's first."""
        return (self.merge.survivor_id, *self.members)

    @property
    def connection(self) -> Connection:
        """The connection of the transaction."""
        return self.session.orm.connection()

    @cached_property
    def references(self) -> ReferenceMap:
        """The references of this database."""
        return references_of(self.session.registry, self.connection, self.session.crm.references)

    # Asking

    def ask(self) -> None:
        """Compare what the merge left with what is there now, and collect what somebody has to choose.

        Raises:
            UsageError: ``MERGE_FORGOTTEN``, ``MERGE_LATER``, ``MERGE_CHOICE``.
        """
        self.entries = read_journal(self.connection, self.merge.id)
        if not self.entries:
            raise UsageError("MERGE_FORGOTTEN", id=self.merge.id)
        refuse_later(self.connection, self.merge.id, self.accounts, self.entries, self.references)
        by_table: dict[str, list[Entry]] = defaultdict(list)
        for entry in self.entries:
            by_table[entry.table].append(entry)
        asked: set[str] = set()
        for name, entries in by_table.items():
            asked |= set(self._compare(self.table(name), entries))
        wrong = [key for key, choice in self.choices.items() if key not in asked or choice not in CHOICES]
        if wrong:
            raise UsageError("MERGE_CHOICE", key=wrong[0], choice=self.choices[wrong[0]], known=", ".join(sorted(asked)) or "—")

    def table(self, name: str) -> Table:
        """Return a table that the merge changed.

        Raises:
            UsageError: ``MERGE_TABLE_GONE``.
        """
        found = self.references.by_name.get(name)
        if found is None:
            raise UsageError("MERGE_TABLE_GONE", id=self.merge.id, table=name)
        return found

    def _compare(self, table: Table, entries: Sequence[Entry]) -> Iterator[str]:
        """Yield the keys of what may be chosen about the rows of a table."""
        versioned = (_VERSION,) if _VERSION in table.c else ()
        columns = tuple(dict.fromkeys([*versioned, *(name for each in entries if each.action != DROPPED for name in each.new)]))
        wanted = {each.key for each in entries if each.action != DROPPED}
        now = read_images(self.connection, table, sorted(wanted), columns)
        for entry in entries:
            if entry.action == DROPPED:
                continue
            here = now.get(entry.key)
            if here is None:
                self.left.add((table.name, entry.key))
                self.gone[table.name] += 1
            elif entry.action == RECORD:
                yield from self._compare_record(entry, here)
            elif _touched(entry, here):
                yield self._ask_row(table, entry, here)

    def _ask_row(self, table: Table, entry: Entry, here: Image) -> str:
        key = f"{table.name}:{':'.join(map(str, entry.key))}"
        choice = self.choices.get(key)
        if choice == KEEP:
            self.left.add((table.name, entry.key))
            self.kept[table.name] += 1
        elif choice is None:
            old, merged = (_shown_all(table, image) for image in (entry.old, entry.new))
            now = {name: _shown(table, name, here[name]) for name in entry.new}
            now |= self._edited(table, entry.key)
            self.questions.append(
                ThreeWay(key=key, table=table.name, id=_plain_key(entry.key), field=None, old=old or None, merged=merged, now=now)
            )
        return key

    def _edited(self, table: Table, key: Key) -> dict[str, Any]:
        """Return what the audit says about the row since the merge: field → value now."""
        row, entity = AUDIT.c, self.references.entities.get(table.name)
        if entity is None or len(key) != 1:
            return {}
        query = select(row.changes).where(row.entity == entity, row.entity_id == key[0], row.at >= self.merge.at).order_by(row.id)
        found: dict[str, Any] = {}
        for changes in self.connection.execute(query.where(row.verb == RecordVerb.UPDATED.value)).scalars():
            found |= {field: pair[1] for field, pair in changes.items()}
        return found

    def _compare_record(self, entry: Entry, here: Image) -> Iterator[str]:
        """Decide about an account: as a whole when nobody touched it, field by field otherwise."""
        if not _touched(entry, here):
            self.records[entry.key] = dict(entry.old)
            self._tell(entry.key, entry.old, here)
            return
        target: Image = {}
        for name in entry.new:
            if name in _STAMPS:
                continue
            if name == _COLUMN:
                target[name] = yield from self._compare_map(entry, here)
            else:
                parts = (entry.old[name], entry.new[name], here[name])
                shown = tuple(_shown(ACCOUNT, name, each) for each in parts)
                target[name] = parts[0] if (yield from self._decided(entry, name, shown)) else parts[2]
        target = {name: value for name, value in target.items() if value != here[name]}
        if target:
            self.records[entry.key] = target
            self._tell(entry.key, target, here)

    def _compare_map(self, entry: Entry, here: Image) -> Generator[str, None, str]:
        """Decide about each characteristic that the merge set; returns the map."""
        old, merged, now = (json.loads(image[_COLUMN]) for image in (entry.old, entry.new, here))
        target = dict(now)
        for key in sorted({*old, *merged}):
            if old.get(key) == merged.get(key):
                continue
            if (yield from self._decided(entry, CHARACTERISTIC + key, (old.get(key), merged.get(key), now.get(key)))):
                target.pop(key, None)
                target |= {key: old[key]} if key in old else {}
        stored: str = json.dumps(target, sort_keys=True, ensure_ascii=False) if target != now else here[_COLUMN]
        return stored

    def _decided(self, entry: Entry, field: str, parts: tuple[Any, ...]) -> Generator[str, None, bool]:
        """Return whether a field is put back."""
        old, merged, now = parts
        if now == merged:
            return True
        key = f"{ACCOUNT.name}:{entry.key[0]}:{field}"
        yield key
        choice = self.choices.get(key)
        if choice is None and now != old:
            self.questions.append(ThreeWay(key=key, table=ACCOUNT.name, id=entry.key[0], field=field, old=old, merged=merged, now=now))
        return choice == RESTORE

    def _tell(self, key: Key, target: Image, here: Image) -> None:
        """Note what the history shows of an account."""
        for name, value in target.items():
            if name == _COLUMN:
                before, after = json.loads(here[name]), json.loads(value)
                for each in sorted({*before, *after}):
                    if before.get(each) != after.get(each):
                        self.told[key][CHARACTERISTIC + each] = (before.get(each), after.get(each))
            elif name not in _STAMPS:
                self.told[key][name] = (_shown(ACCOUNT, name, here[name]), _shown(ACCOUNT, name, value))


def _touched(entry: Entry, here: Image) -> bool:
    """Return whether somebody changed a row since: by its version, or what the merge wrote where rows have none."""
    if entry.version is not None and str(here[_VERSION]) != str(entry.version):
        return True
    return any(here[name] != value for name, value in entry.new.items())


def _shown_all(table: Table, image: Image) -> dict[str, Any]:
    return {name: _shown(table, name, value) for name, value in image.items()}


def _shown(table: Table, name: str, value: Any) -> Any:  # noqa: ANN401 - a stored value
    """Return a stored value as people and programs read it, the same from both databases."""
    kind = table.c[name].type
    if value is None:
        return None
    if isinstance(kind, Boolean):
        return value in {1, "true"}
    if isinstance(kind, Integer):
        return int(value)
    return json.loads(value) if isinstance(kind, Json | JsonMap) else value


def _plain_key(key: Key) -> Any:  # noqa: ANN401 - a column value, or several
    return key[0] if len(key) == 1 else list(key)
