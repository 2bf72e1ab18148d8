"""What all attacks have in common: the values that they find, and what must hold afterwards."""

from __future__ import annotations

import copy
import resource
import threading
import time
from datetime import date
from decimal import Decimal
from pathlib import Path

CUSTOMER = {
    "id": "C-1001",
    "name": "Ada Lovelace",
    "email": "ada@Example.com",
    "phone": "+49 170 1234567",
    "country": "DE",
    "age": 36,
    "balance": Decimal("1520.50"),
    "vip": True,
    "tags": ["vip", "newsletter"],
    "notes": "<script>alert(1)</script> long standing customer",
    "created": date(2024, 5, 17),
    "orders": [{"id": i, "amount": 10 * i, "status": "open"} for i in (1, 2, 3)],
    "address": {"city": "Berlin", "zip": "10115"},
}
CONTEXT = {
    "value": "+49 170 1234567",
    "customer": CUSTOMER,
    "record": {"name": "Ada Lovelace", "tags": ["vip", "newsletter"], "address": {"city": "Berlin", "zip": "10115"}},
    "today": date(2025, 11, 22),
    "user": {"name": "agent1", "role": "agent"},
}


def fresh():
    """Return values that an attack may try to spoil."""
    return copy.deepcopy(CONTEXT)


def in_thread(action, stack_kb):
    """Run something in a thread with a small stack, as some servers have; 0: here."""
    if not stack_kb:
        action()
        return
    old = threading.stack_size(stack_kb * 1024)
    try:
        thread = threading.Thread(target=action)
        thread.start()
        thread.join()
    finally:
        threading.stack_size(old)


def files_open():
    """Return the files that this process has open; a worker may be started meanwhile, with pipes and sockets of its own."""
    folder = Path("/proc/self/fd")
    opened = [str(each.readlink()) for each in folder.iterdir() if each.exists()] if folder.exists() else []
    return sorted(each for each in opened if each.startswith("/") and each != "/dev/null")


def peak():
    """Return the most memory that this process has had, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def must_hold(case, canary, context, attempt):
    """Make an attack of the corpus, and look at what it got: ``attempt`` returns as text what came out of a source."""
    oracle, before = case["oracle"], copy.deepcopy(context)
    source = case["code"].replace("@CANARY@", str(canary))
    files, opened, memory, started = sorted(canary.rglob("*")), files_open(), peak(), time.perf_counter()
    shown = attempt(source, oracle.get("thread_stack_kb", 0))
    assert time.perf_counter() - started < oracle["max_seconds"]
    assert peak() - memory < oracle["max_rss_mb"]
    assert len(shown) < oracle["max_output"]
    assert context == before
    assert sorted(canary.rglob("*")) == files
    assert files_open() == opened
    for text in (*oracle["forbid_text"], *oracle["forbid_in_value"]):
        assert text not in shown
    if "after" in case:
        following = attempt(case["after"], 0)
        for text in oracle.get("forbid_after", ()):
            assert text not in following
