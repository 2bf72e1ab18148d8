"""Locked worker processes: how they are handed out, replaced and locked."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmcore import Crm, StartError
from crmcore.scripting import Kind, NotPlain, Record, ScriptError, freeze
from crmcore.scripting.locked import frames
from crmcore.scripting.locked.bounds import REQUIRED
from crmcore.scripting.worker import (
    BadFrame,
    InProcess,
    Isolated,
    NoWorkerFree,
    WorkerPlan,
    WorkerPool,
    WorkerUnavailable,
    open_runner,
    process,
)
from crmcore.scripting.worker.selecting import select, tree_of

pytestmark = pytest.mark.feature("I-16", "F02")

IMPATIENT = {"limits": {"seconds": 0.05}}


def alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    # A process that ended and was not asked for yet is gone as well.
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"


def wait_until(condition, seconds=10.0):
    """Wait for what another process does; the tests themselves do not depend on how long it takes."""
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until
        threading.Event().wait(0.01)


def pid_of(pool, tenant):
    with pool.worker(tenant) as worker:
        return worker.pid


class TestWalls:
    def test_every_wall_that_is_needed_stands_and_each_is_reported(self, pool):
        walls = pool.walls()
        assert {name: walls[name] for name in REQUIRED} == dict.fromkeys(REQUIRED, "")
        assert set(walls) == {
            *REQUIRED,
            "namespaces",
            "identity",
            "descriptors",
            "capabilities",
            "not_dumpable",
            "dies_with_parent",
            "landlock",
        }

    def test_the_kernel_says_so_too(self, pool):
        with pool.worker("a") as worker:
            status = dict(line.split(":\t", 1) for line in Path(f"/proc/{worker.pid}/status").read_text().splitlines())
            limits = {line[:26].strip(): line[26:47].strip() for line in Path(f"/proc/{worker.pid}/limits").read_text().splitlines()}
        assert (status["Seccomp"], status["NoNewPrivs"], status["Threads"]) == ("2", "1", "1")
        assert {int(status[name], 16) for name in ("CapEff", "CapPrm", "CapInh")} == {0}
        assert (limits["Max open files"], limits["Max processes"], limits["Max core file size"], limits["Max file size"]) == (
            "1",
            "0",
            "0",
            "0",
        )

    @pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="only root has an identity to drop")
    def test_root_becomes_nobody(self, pool):
        with pool.worker("a") as worker:
            assert "Uid:\t65534\t65534\t65534\t65534" in Path(f"/proc/{worker.pid}/status").read_text()

    def test_a_worker_has_one_handle_and_no_environment(self, isolated):
        assert isolated.run("python", "import os\nr = sorted(os.environ) == [] or sorted(os.environ)", {}) in {"True", "['LC_CTYPE']"}
        assert isolated.run("python", "import os\nr = os.getcwd() if False else 1", {}) == 1

    def test_a_worker_has_neither_a_database_nor_numpy_nor_sockets(self, isolated):
        names = "('sqlalchemy', 'numpy', 'subprocess', 'alembic', 'crmcore.app', 'crmcore.scripting.worker')"
        found = isolated.run("rule", "1", {}, tenant="modules")
        assert found["value"] == 1
        code = f"import sys\nr = repr([name for name in {names} if sys.modules.get(name)])"
        assert isolated.run("python", code, {}, tenant="modules") == "[]"


class TestHandingOut:
    def test_a_tenant_keeps_its_worker_and_never_gets_another_s(self, new_pool):
        pool = new_pool(size=2)
        first = pid_of(pool, "a")
        assert pid_of(pool, "a") == first
        other = pid_of(pool, "b")
        assert other != first
        third = pid_of(pool, "c")
        assert third not in {first, other}
        assert not alive(first)

    def test_a_dead_worker_is_replaced_before_the_next_call(self, new_pool):
        pool = new_pool(size=2)
        runner = Isolated(pool)
        assert runner.run("rule", "1", {})["value"] == 1
        pid = pid_of(pool, "")
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda: not alive(pid))
        assert runner.run("rule", "2", {})["value"] == 2
        assert pool.lost == 0

    def test_a_stuck_one_costs_its_own_call_only(self, new_pool):
        pool = new_pool(size=3)
        runner, found = Isolated(pool), {}

        def stuck():
            try:
                runner.run("python", "while True: pass", {}, options=IMPATIENT, tenant="a")
            except ScriptError as error:
                found["stuck"] = error.kind

        thread = threading.Thread(target=stuck)
        thread.start()
        answers = [runner.run("rule", f"{number} + 1", {}, tenant="a")["value"] for number in range(50)]
        thread.join()
        assert answers == list(range(1, 51))
        assert found == {"stuck": Kind.BUDGET}
        assert pool.lost == 1

    def test_when_all_are_busy_one_waits_and_then_is_told(self, new_pool):
        pool = new_pool(size=1)
        pool.patience = 0.3
        with pool.worker("a"), pytest.raises(NoWorkerFree) as caught, pool.worker("b"):
            pass
        assert caught.value.code == "SCRIPT_WORKERS_BUSY"
        pool.patience = 30
        assert pid_of(pool, "b")

    def test_one_that_has_done_enough_is_replaced(self, new_pool):
        pool = new_pool(size=2, jobs=3)
        runner = Isolated(pool)
        pids = []
        for _ in range(7):
            pids.append(pid_of(pool, ""))
            runner.run("rule", "1", {})
        assert len(set(pids)) == 3

    def test_one_that_has_used_its_processor_time_is_replaced_before_the_system_ends_it(self, new_pool):
        pool = new_pool(size=2, cpu_seconds=1)
        runner = Isolated(pool)
        before = pid_of(pool, "")
        code = "import time\nuntil = time.process_time() + 0.7\nwhile time.process_time() < until: pass"
        for _ in range(2):
            runner.run("python", code, {}, options={"limits": {"seconds": 1}})
        assert pid_of(pool, "") != before
        assert pool.lost == 0

    def test_many_threads_share_few_workers(self, new_pool):
        runner, found = Isolated(new_pool(size=3)), []

        def work(number):
            found.extend(runner.run("rule", "n * 2", {"n": number * 100 + each}, tenant=f"t{number % 2}")["value"] for each in range(40))

        threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(found) == sorted(2 * (number * 100 + each) for number in range(8) for each in range(40))

    def test_closing_ends_all_of_them(self, new_pool):
        pool = new_pool(size=3)
        pids = [pid_of(pool, "a"), pid_of(pool, "b")]
        pool.close()
        assert [alive(pid) for pid in pids] == [False, False]
        with pytest.raises(WorkerUnavailable, match="closed"):
            pool.walls()

    def test_a_forked_process_has_workers_of_its_own(self, new_pool):
        pool = new_pool(size=2)
        before = pid_of(pool, "a")
        context = multiprocessing.get_context("fork")
        theirs, ours = context.Pipe()

        def child():
            theirs.send((pid_of(pool, "a"), Isolated(pool).run("rule", "1 + 1", {}, tenant="a")["value"]))
            pool.close()

        forked = context.Process(target=child)
        forked.start()
        pid, value = ours.recv()
        forked.join()
        assert (pid != before, value) == (True, 2)
        assert pid_of(pool, "a") == before

    def test_workers_end_with_their_parent_however_it_ends(self, new_pool):
        new_pool(size=1)
        code = (
            "import sys, time\n"
            "from crmcore.scripting.worker import ENGINES, WorkerPlan, WorkerPool\n"
            "pool = WorkerPool(WorkerPlan(engines=ENGINES), size=1)\n"
            "with pool.worker('a') as worker:\n"
            "    print(worker.pid, flush=True)\n"
            "    time.sleep(60)\n"
        )
        parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
        pid = int(parent.stdout.readline())
        assert alive(pid)
        parent.kill()
        parent.wait()
        parent.stdout.close()
        wait_until(lambda: not alive(pid))


class TestWhereThereAreNone:
    def test_an_engine_that_cannot_be_imported_is_told(self):
        pool = WorkerPool(WorkerPlan(engines={"rule": "crmcore.nothing:ENGINE"}), size=1)
        with pytest.raises(WorkerUnavailable, match=r"crmcore\.nothing") as caught:
            pool.walls()
        pool.close()
        assert caught.value.code == "SCRIPT_ISOLATION_UNAVAILABLE"

    def test_an_interpreter_that_does_not_exist_is_told(self, tmp_path):
        pool = WorkerPool(WorkerPlan(engines={}, python=str(tmp_path / "python")), size=1)
        with pytest.raises(WorkerUnavailable, match="No such file"):
            pool.walls()
        pool.close()

    def test_a_system_without_a_filter_is_refused(self, monkeypatch):
        monkeypatch.setattr(process.sys, "platform", "darwin")
        pool = WorkerPool(WorkerPlan(engines={}), size=1)
        with pytest.raises(WorkerUnavailable, match="filter of system calls"):
            pool.walls()
        pool.close()

    def test_a_worker_whose_filter_the_kernel_does_not_know_is_not_used(self, monkeypatch, new_pool):
        new_pool(size=1)
        monkeypatch.setattr(process, "_filtered", lambda pid: False)
        pool = WorkerPool(WorkerPlan(engines={}), size=1)
        with pytest.raises(WorkerUnavailable, match="cannot be locked down"):
            pool.walls()
        pool.close()

    def test_a_crm_that_is_to_isolate_scripts_does_not_start_without(self, monkeypatch, database_url):
        monkeypatch.setattr(process.sys, "platform", "darwin")
        with pytest.raises(StartError) as caught:
            Crm.open(database_url, settings={"core": {"script_isolation": "worker"}}, migrate=True)
        assert caught.value.code == "SCRIPT_ISOLATION_UNAVAILABLE"

    def test_a_crm_says_where_scripts_run(self, new_pool, database_url):
        new_pool(size=1)
        with Crm.open(database_url, migrate=True) as crm:
            assert isinstance(crm.scripts, InProcess)
        with Crm.open(database_url, settings={"core": {"script_isolation": "worker", "script_workers": 1}}) as crm:
            assert isinstance(crm.scripts, Isolated)
            assert crm.scripts.run("rule", "x + 1", {"x": 1})["value"] == 2


class TestBatches:
    SOURCE = "name.upper() if n % 7 else fail('seven')"

    def contexts(self, count):
        return ({"n": number, "name": f"n{number}", "other": object()} for number in range(count))

    @pytest.mark.parametrize("count", [0, 1, 499, 500, 501, 1700])
    def test_every_record_has_its_answer_in_order(self, runner, count):
        found = list(runner.run_many("rule", self.SOURCE, self.contexts(count)))
        assert [each.text.it if isinstance(each, ScriptError) else each["value"] for each in found] == [
            f"N{number}" if number % 7 else "seven" for number in range(count)
        ]

    def test_a_refused_source_is_told_at_once(self, runner):
        with pytest.raises(ScriptError):
            runner.run_many("rule", "import os", self.contexts(3))

    def test_records_that_take_long_come_in_several_answers(self, isolated):
        code = "import time\nuntil = time.process_time() + 0.5\nwhile time.process_time() < until: pass\nr = n"
        assert list(isolated.run_many("python", code, ({"n": number} for number in range(7)))) == list(range(7))

    def test_one_that_costs_the_worker_ends_the_batch_with_its_error(self, isolated):
        found = isolated.run_many(
            "python", "import os\nos._exit(1) if n == 700 else None\nr = n", ({"n": number} for number in range(2000))
        )
        seen = []
        with pytest.raises(ScriptError, match="ended the process"):
            seen.extend(found)
        assert isolated.run("rule", "1", {})["value"] == 1

    def test_the_maker_of_contexts_may_use_scripts_himself(self, new_pool):
        runner = Isolated(new_pool(size=1, patience=5))

        def contexts():
            for number in range(1200):
                yield {"n": runner.run("rule", "n", {"n": number})["value"]}

        assert [each["value"] for each in runner.run_many("rule", "n + 1", contexts())] == list(range(1, 1201))


PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**500), 2**500)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=()), max_size=20)
    | st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**20), max_value=10**20, places=5)
    | st.dates()
    | st.datetimes(timezones=st.none() | st.just(UTC))
    | st.timedeltas(),
    lambda inner: (
        st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=4) | st.sampled_from(["$d", "$", "$$t"]), inner, max_size=4)
    ),
    max_leaves=20,
)


class TestWhatCrosses:
    @given(value=PLAIN)
    def test_a_value_comes_back_as_it_was(self, value):
        assert frames.unpack(frames.decode(frames.encode(frames.pack(value)))) == value

    @given(value=PLAIN)
    def test_the_worker_sees_what_a_script_in_this_process_would(self, value):
        seen = frames.unpack_frozen(frames.decode(frames.encode(frames.pack(freeze(value)))))
        assert (seen, type(seen)) == (freeze(value), type(freeze(value)))

    @pytest.mark.parametrize("value", [object(), b"x", 1j, {1: 2}, float("nan"), float("inf"), type("T", (str,), {})("x"), range(3)])
    def test_nothing_else_crosses(self, value):
        with pytest.raises((TypeError, ValueError)):
            frames.encode(frames.pack(value))

    @pytest.mark.parametrize(
        "data",
        [
            b"",
            b"{",
            b"\xff",
            b"nul",
            b"[1,]",
            b"NaN",
            b"-Infinity",
            b"9" * 5_000,
            b"1e" + b"9" * 5_000,
            b"[" * 100 + b"]" * 100,
            b'{"a":' * 100_000,
            b"[" + b"[]," * 300_000 + b"1]",
            b'["' + b"[" * 100 + b'",' + b"[" * 70 + b"]" * 70 + b"]",
        ],
    )
    def test_what_no_honest_worker_sends_is_refused(self, data):
        with pytest.raises(BadFrame):
            frames.decode(data)

    def test_brackets_in_texts_are_no_nesting(self):
        assert frames.decode(frames.encode(["[[{" * 100, '\\"[' * 100])) == ["[[{" * 100, '\\"[' * 100]

    @pytest.mark.parametrize(
        "value",
        [
            {"$d": "1e99999999"},
            {"$d": "NaN"},
            {"$d": 1},
            {"$d": "x" * 500},
            {"$t": "2026-13-01"},
            {"$t": [1]},
            {"$i": "x"},
            {"$p": [1]},
            {"$p": [1, 2, 10**400]},
            {"$p": "abc"},
        ],
    )
    def test_a_value_that_is_none_is_refused(self, value):
        with pytest.raises(BadFrame):
            frames.unpack(value)

    @pytest.mark.parametrize(
        "value",
        [
            None,
            [],
            {"kind": "syntax"},
            {"kind": "x", "it": "", "en": "", "line": 1, "column": 1},
            {"kind": "syntax", "it": "", "en": "", "line": True, "column": 1},
        ],
    )
    def test_an_error_that_is_none_is_refused(self, value):
        with pytest.raises(BadFrame):
            frames.unpack_error(value)

    def test_both_levels_give_the_same_values(self, isolated):
        source = "[1, 1.5, 'è', None, True, decimal('1.50'), date(2026, 9, 7), days(2), {'a': [x]}, (1, 2), {3, 1}, r]"
        context = {"x": Decimal("2.5"), "r": {"when": datetime(2026, 9, 7, 8, tzinfo=UTC), "none": None, "for": timedelta(hours=3)}}
        here = open_runner("process").run("rule", source, context)
        assert isolated.run("rule", source, context) == here
        assert here["value"][5] == Decimal("1.50")
        assert here["value"][6] == date(2026, 9, 7)

    def test_a_host_s_mistake_is_told_by_both(self, runner):
        with pytest.raises(NotPlain):
            runner.run("rule", "x", {"x": object()})


class TestSelecting:
    def test_only_what_is_read_is_converted(self):
        tree = tree_of([("a", "b"), ("a", "c", "d"), ("e",), ("e", "f"), ("missing",)])
        context = {"a": {"b": 1, "c": {"d": 2, "x": object()}, "y": object()}, "e": {"f": 3}, "z": object()}
        assert select(context, tree, freeze, Record) == {
            "a": Record({"b": 1, "c": Record({"d": 2})}),
            "e": Record({"f": 3}),
        }

    def test_a_path_into_a_plain_value_gives_the_value(self):
        assert select({"a": 5}, tree_of([("a", "b")]), freeze, Record) == {"a": 5}

    def test_all_is_converted_when_nothing_is_known(self):
        assert select({"a": [1], "b": 2}, None, freeze, Record) == {"a": (1,), "b": 2}
