"""What a call script costs beside jinja's own sandbox, and what a locked worker adds, for one call and for many records."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from bench.measure import Figure, interleaved
from bench.scripting import RULE, plain
from crmcore.scripting.templates import Channel, Templates
from crmcore.scripting.worker import ENGINES, Isolated, Runner, WorkerPlan, WorkerPool, WorkerUnavailable, open_runner

SCRIPT = """Buongiorno {{ contact.title }} {{ contact.last_name }},
la stiamo contattando dall'azienda {{ company.name }} per la promozione
inerente il nuovo prodotto con codice {{ product.code }}.
{% if contact.vip %}Come nostro cliente affezionato ha diritto a uno sconto.{% endif %}
{% for order in orders %}Ordine {{ order.number }}: {{ order.amount }}
{% endfor %}La richiameremo al numero {{ contact.phone }}."""
CONTEXT: Mapping[str, Any] = {
    "contact": {"title": "signor", "last_name": "Rossi", "phone": "+39 049 5550100", "vip": True},
    "company": {"name": "Metropolis spa"},
    "product": {"code": "76656"},
    "orders": [{"number": number, "amount": 10 * number} for number in range(3)],
}
TWICE, CALL_MS, RECORD = 2, 0.3, 70
CHUNK = 100_000


def figures(*, quick: bool) -> list[Figure]:
    """Measure the processor time of both processes; what the clock on the wall said is noted, and depends on what else the machine does."""
    found = _texts(quick=quick)
    # One that is not replaced meanwhile: its processor time is what is measured.
    runner = Isolated(WorkerPool(WorkerPlan(engines=ENGINES, jobs=10**9, cpu_seconds=10**5), size=2))
    try:
        runner.check()
    except WorkerUnavailable as error:
        return [*found, Figure(subject="locked worker", value=0.0, unit="ms", notes=(error.reason,))]
    try:
        clock = _clock(runner)
        return [*found, *_calls(runner, clock, quick=quick), *_batches(runner, clock, quick=quick)]
    finally:
        runner.close()


def _texts(*, quick: bool) -> list[Figure]:
    templates = Templates(open_runner("process"))
    measured = interleaved(
        {"ours": lambda: templates.render(SCRIPT, CONTEXT, channel=Channel.HTML), "stock": _stock()},
        rounds=7,
        times=1_000 if quick else 5_000,
    )
    return [
        Figure(
            subject="call script of 7 lines, kept",
            value=measured["ours"] * 1e6,
            unit="µs",
            baseline=measured["stock"] * 1e6,
            against="jinja's sandbox",
            target=TWICE,
        )
    ]


def _stock() -> Callable[[], object]:
    from jinja2.sandbox import SandboxedEnvironment  # noqa: PLC0415 - only as a baseline

    template = SandboxedEnvironment(autoescape=True).from_string(SCRIPT)
    return lambda: template.render(CONTEXT)


def _clock(runner: Isolated) -> Callable[[], float]:
    """Return the processor time of this process and of the one worker together."""
    with runner.pool.worker("") as worker:
        other = (~worker.pid << 3) | 2
    return lambda: time.process_time() + time.clock_gettime(other)


def _calls(runner: Runner, clock: Callable[[], float], *, quick: bool) -> list[Figure]:
    templates = Templates(runner)
    inputs = {"value": "+49 170 1234567", "customer": {"country": "DE"}}
    calls = {
        "one rule in a warm worker": lambda: runner.run("rule", RULE, inputs),
        "one call script in a warm worker": lambda: templates.render(SCRIPT, CONTEXT, channel=Channel.HTML),
    }
    times = 300 if quick else 1_000
    measured = interleaved(calls, rounds=7, times=times, clock=clock)
    waited = interleaved(calls, rounds=3, times=times, clock=time.perf_counter)
    return [
        Figure(subject=name, value=value * 1e3, unit="ms", target=CALL_MS, of="value", notes=(f"{waited[name] * 1e3:.2f} ms on the wall",))
        for name, value in measured.items()
    ]


def _batches(runner: Runner, clock: Callable[[], float], *, quick: bool) -> Iterator[Figure]:
    count = CHUNK // 10 if quick else CHUNK
    records = [{"value": "+49 170 1234567", "customer": {"country": "DE", "name": f"Rossi {number}"}} for number in range(count)]
    customers = [_Customer() for _ in records]
    here = open_runner("process")
    contenders: dict[str, Callable[[], object]] = {
        "in a worker": lambda: sum(1 for _ in runner.run_many("rule", RULE, records)),
        "in this process": lambda: sum(1 for _ in here.run_many("rule", RULE, records)),
        "plain": lambda: [plain("+49 170 1234567", customer) for customer in customers],
    }
    measured = interleaved(contenders, rounds=3, clock=clock)
    waited = interleaved(contenders, rounds=3, clock=time.perf_counter)
    for name, target in (("in a worker", RECORD), ("in this process", None)):
        yield Figure(
            subject=f"{count:,} records {name}, each",
            value=measured[name] / count * 1e6,
            unit="µs",
            baseline=measured["plain"] / count * 1e6,
            against="plain function",
            target=target,
            notes=(f"{waited[name] / count * 1e6:.2f} µs, {waited[name] / waited['plain']:.1f} x, on the wall",),
        )


class _Customer:
    country = "DE"
