"""What a call script costs beside jinja's own sandbox, and what a locked worker adds, for one call and for many records."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from bench.measure import Figure, interleaved
from bench.scripting import RULE, plain
from crmcore.scripting.templates import Channel, Templates
from crmcore.scripting.worker import Runner, WorkerUnavailable, open_runner

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
    """Measure by the wall clock: a worker is another process, and its caller waits."""
    found = _texts(quick=quick)
    runner = open_runner("worker", workers=2)
    try:
        runner.check()
    except WorkerUnavailable as error:
        return [*found, Figure(subject="locked worker", value=0.0, unit="ms", notes=(error.reason,))]
    try:
        return [*found, *_calls(runner, quick=quick), *_batches(runner, quick=quick)]
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


def _calls(runner: Runner, *, quick: bool) -> list[Figure]:
    templates = Templates(runner)
    inputs = {"value": "+49 170 1234567", "customer": {"country": "DE"}}
    measured = interleaved(
        {
            "one rule in a warm worker": lambda: runner.run("rule", RULE, inputs),
            "one call script in a warm worker": lambda: templates.render(SCRIPT, CONTEXT, channel=Channel.HTML),
        },
        rounds=7,
        times=300 if quick else 1_000,
        clock=time.perf_counter,
    )
    return [Figure(subject=name, value=value * 1e3, unit="ms", target=CALL_MS, of="value") for name, value in measured.items()]


def _batches(runner: Runner, *, quick: bool) -> Iterator[Figure]:
    count = CHUNK // 10 if quick else CHUNK
    records = [{"value": "+49 170 1234567", "customer": {"country": "DE", "name": f"Rossi {number}"}} for number in range(count)]
    customers = [_Customer() for _ in records]
    ours, here, function = [], [], []
    for _ in range(3):
        ours.append(_seconds(lambda: sum(1 for _ in runner.run_many("rule", RULE, records))))
        here.append(_seconds(lambda: sum(1 for _ in open_runner("process").run_many("rule", RULE, records))))
        function.append(_seconds(lambda: [plain("+49 170 1234567", customer) for customer in customers]))
    baseline = statistics.median(function) / count * 1e6
    for name, times in ((f"{count:,} records in a worker, each", ours), (f"{count:,} records in this process, each", here)):
        value = statistics.median(times) / count * 1e6
        target = RECORD if times is ours else None
        yield Figure(subject=name, value=value, unit="µs", baseline=baseline, against="plain function", target=target)


class _Customer:
    country = "DE"


def _seconds(call: Callable[[], object]) -> float:
    before = time.perf_counter()
    call()
    return time.perf_counter() - before
