"""Apply a plan: exactly the one that was shown, in one transaction, or nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

from sqlalchemy import func, select

from crmcore.errors import UsageError
from crmcore.hooks import DEPLOYMENT, Configurable, Key, Step, StepKind
from crmcore.planning.plan import Plan
from crmcore.planning.planner import ACTOR, plan_in, read_wanted

if TYPE_CHECKING:
    from crmcore.app import Crm
    from crmcore.deployment import Deployment
    from crmcore.session import Session

# Any number that nothing else locks; PostgreSQL keeps advisory locks per database. It spells "crmapply".
_LOCK: Final = int.from_bytes(b"crmapply", "big") >> 1
_INDEXED: Final = frozenset({"characteristics", "list_views"})


def apply_plan(crm: Crm, deployment: Deployment, expected: str, *, prune: bool = False) -> Plan:
    """Do what the plan with the hash ``expected`` says, in one transaction, and return that plan.

    Raises:
        ConfigurationError: with every problem of every file.
        UsageError: ``PLAN_MOVED`` when the plan is another one by now, ``PLAN_BLOCKED`` when something keeps it from being applied.
        ValidationFailed: when a rule of the core or of a plugin refuses it. Nothing is changed in any of these cases.
    """
    wanted = read_wanted(crm, deployment)
    with crm.session(ACTOR, source=DEPLOYMENT) as session:
        _lock(session)
        plan = plan_in(session, deployment, wanted, prune=prune)
        if plan.hash != expected:
            raise UsageError("PLAN_MOVED", expected=expected, found=plan.hash)
        if plan.is_blocked:
            reasons = "; ".join(effect.text.text(crm.lang) for effect in plan.effects if effect.blocking)
            raise UsageError("PLAN_BLOCKED", plan=plan.hash, reason=reasons)
        if not plan.is_empty:
            write_steps(session, wanted.collections, plan.steps)
            session.commit()
    return plan


def _lock(session: Session) -> None:
    """Let one process after the other apply: the plan that is compared is the one that is done."""
    session.take_write_lock()
    if session.crm.engine.dialect.name == "postgresql":
        session.execute(select(func.pg_advisory_xact_lock(_LOCK)))


def write_steps(session: Session, collections: Mapping[str, Configurable], steps: Sequence[Step]) -> None:
    """Write steps in the transaction of a session; the caller commits."""
    groups = _by_store(collections, steps)
    for name in reversed(groups):
        collections[name].store.clear(session, groups[name])
    for name, mine in groups.items():
        writing = [step for step in mine if step.kind is not StepKind.REMOVE]
        if writing:
            collections[name].store.write(session, writing)
    for name in reversed(groups):
        removing = [step for step in groups[name] if step.kind is StepKind.REMOVE]
        if removing:
            collections[name].store.remove(session, removing)
    if _INDEXED & groups.keys():
        session.characteristics.sync_indexes()


def _by_store(collections: Mapping[str, Configurable], steps: Sequence[Step]) -> dict[str, list[Step]]:
    """Return the steps by the collection whose store writes them, in order: what is embedded is written with what it lies in."""
    gone: set[tuple[str, Key]] = {(step.collection, step.key) for step in steps if step.kind is StepKind.REMOVE}
    found: dict[str, list[Step]] = {}
    for name, collection in collections.items():
        mine = [step for step in steps if step.collection == name]
        if not collection.embedded or collection.inside is None:
            found.setdefault(name, []).extend(mine)
            continue
        # One that goes with what it lies in is no step of its own.
        left = [step for step in mine if (collection.inside, step.key[:-1]) not in gone]
        found.setdefault(collection.inside, []).extend(left)
    return {name: found[name] for name in collections if found.get(name)}
