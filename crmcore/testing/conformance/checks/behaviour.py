"""Handlers, jobs and hooks while they run: idempotent, isolated, inside their transaction, off the network, without memory."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NoReturn

from crmcore.app import Crm
from crmcore.errors import CrmError, PluginError, Problem
from crmcore.events import Envelope
from crmcore.hooks import Phase
from crmcore.registry import BoundHandler
from crmcore.session import Session
from crmcore.testing.conformance.dumps import dump
from crmcore.testing.conformance.guards import no_endings, no_network
from crmcore.testing.conformance.scene import HandlerFunction, Scene, Step, last_line, queue_rows, requeue, wrapped_handlers
from crmcore.testing.conformance.subject import Bench, Subject
from crmcore.work import Worker

_HOOK: Final = "crm_handlers"


def handlers_idempotent(subject: Subject, bench: Bench) -> Iterator[Problem]:
    """Deliver every event twice: each handler copes with it, and the second time changes nothing."""
    handlers = [bound for bound in subject.handlers if bound.handler.phase is Phase.AFTER_COMMIT]
    if not handlers:
        return
    with bench.fresh() as crm:
        scene = Scene(crm, subject)
        for step in scene.steps():
            scene.take(step)
            scene.work()
        for bound in handlers:
            yield from _tried(subject, crm, bound)
            before = dump(crm.engine)
            if requeue(crm, bound):
                scene.work()
                differences = before.differences(dump(crm.engine))
                if differences:
                    params = {"handler": bound.handler.key, "detail": "; ".join(differences)}
                    yield subject.problem("KIT_HANDLER_REPEATED", bound.handler.key, hook=_HOOK, **params)


def _tried(subject: Subject, crm: Crm, bound: BoundHandler) -> Iterator[Problem]:
    """Yield why a handler did not run to its end."""
    rows = queue_rows(crm, name=bound.name)
    params = {"handler": bound.handler.key, "event": bound.event}
    if not rows:
        yield subject.problem("KIT_HANDLER_UNTRIED", bound.handler.key, hook=_HOOK, **params)
    failed = [row for row in rows if row["state"] != "done"]
    if failed:
        error = last_line(failed[0]["last_error"])
        yield subject.problem("KIT_HANDLER_FAILED", bound.handler.key, hook=_HOOK, **params, error=error)


def handlers_isolated(subject: Subject, bench: Bench) -> Iterator[Problem]:
    """Let each handler fail at its end: in the transaction nothing of the change is kept, after the commit nothing of the handler is."""
    if subject.handlers:
        yield from _fail_after_commit(subject, bench)
        yield from _fail_in_transaction(subject, bench)


def _fail_after_commit(subject: Subject, bench: Bench) -> Iterator[Problem]:
    ran: list[str] = []
    with bench.fresh() as crm:
        scene = Scene(crm, subject)
        scene.play()
        with wrapped_handlers(crm, Phase.AFTER_COMMIT, subject.name, lambda bound: _failing(bound, ran)):
            worker = Worker(crm, name="kit", batch=1)
            before = dump(crm.engine)
            while worker.run_once():
                after = dump(crm.engine)
                differences = before.differences(after)
                # Handlers of others run too, and may change what they like.
                if ran and differences:
                    yield subject.problem("KIT_HANDLER_ESCAPES", ran[0], hook=_HOOK, handler=ran[0], detail="; ".join(differences))
                before = after
                ran.clear()
        for row in queue_rows(crm, plugin=subject.name, kind="delivery"):
            kept = row["state"] in {"queued", "dead"} and row["attempts"] == 1
            if not kept:
                name = str(row["name"]).partition(".")[2]
                detail = f"its delivery is {row['state']} after {row['attempts']} attempt(s), and will not be tried again"
                yield subject.problem("KIT_HANDLER_ESCAPES", name, hook=_HOOK, handler=name, detail=detail)


def _fail_in_transaction(subject: Subject, bench: Bench) -> Iterator[Problem]:
    if not any(bound.handler.phase is Phase.IN_TRANSACTION for bound in subject.handlers):
        return
    ran: list[str] = []
    with bench.fresh() as crm:
        scene = Scene(crm, subject)
        for step in scene.steps():
            before = dump(crm.engine)
            with wrapped_handlers(crm, Phase.IN_TRANSACTION, subject.name, lambda bound: _failing(bound, ran)):
                _attempt(scene, step)
            differences = before.differences(dump(crm.engine))
            if ran and differences:
                yield subject.problem("KIT_HANDLER_ESCAPES", ran[0], hook=_HOOK, handler=ran[0], detail="; ".join(differences))
            if ran:
                scene.take(step)
            ran.clear()


def _attempt(scene: Scene, step: Step) -> None:
    try:
        scene.take(step)
    except (CrmError, PluginError):
        return  # as it was meant to


def _failing(bound: BoundHandler, ran: list[str]) -> HandlerFunction:
    """Return the handler's function, which fails after it has done its work."""

    def fail(session: Session, envelope: Envelope) -> NoReturn:
        ran.append(bound.handler.key)
        bound.handler.fn(session, envelope)
        session.flush()
        message = "the conformance kit lets this handler fail"
        raise RuntimeError(message)

    return fail


def jobs_run(subject: Subject, bench: Bench) -> Iterator[Problem]:
    """Run every job, on a database without records and on one with some; no connection stays open."""
    if not subject.jobs:
        return
    with bench.fresh() as crm:
        scene = Scene(crm, subject)
        for when in ("without records", "with records"):
            if when == "with records":
                scene.play()
                scene.work()
            for job in subject.jobs:
                scene.enqueue(job)
                scene.work()
                row = queue_rows(crm, name=job)[-1]
                if row["state"] != "done":
                    params = {"job": job, "when": when, "error": last_line(row["last_error"])}
                    yield subject.problem("KIT_JOB_FAILED", job, hook="crm_jobs", **params)
                yield from _left_open(subject, crm, f"job {job}")


def _left_open(subject: Subject, crm: Crm, what: str) -> Iterator[Problem]:
    # Typed as the base of all pools, of which not every one counts.
    count = getattr(crm.engine.pool, "checkedout", int)()
    if count:
        yield subject.problem("KIT_CONNECTION_LEFT", what, count=count, what=what)


def transactions_respected(subject: Subject, bench: Bench) -> Iterator[Problem]:
    """Let handlers, jobs and hooks work without ending a transaction, and without keeping a connection."""
    with bench.fresh() as crm:
        with no_endings(subject) as caught:
            Scene(crm, subject).everything()
        for each in dict.fromkeys(caught):
            yield subject.problem("KIT_TRANSACTION_ENDED", each.function, function=each.function, method=each.what)
        yield from _left_open(subject, crm, "hooks, handlers and jobs")


def network_unused(subject: Subject, bench: Bench) -> Iterator[Problem]:
    """Let handlers, jobs and hooks work while every connection is refused; trying one is a fault, also where the failure is hidden."""
    with bench.fresh() as crm:
        with no_network(subject) as caught:
            Scene(crm, subject).everything()
        for each in dict.fromkeys(caught):
            yield subject.problem("KIT_NETWORK", each.function, function=each.function, address=each.what)
