"""Loading: alone, with everything else, under its own name, quietly, and twice in one process."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from importlib.resources import files
from typing import Final

from importlib_metadata import packages_distributions

from crmcore.errors import Problem, StartError
from crmcore.registry import discover, load
from crmcore.testing.conformance.dumps import dump
from crmcore.testing.conformance.scene import Scene
from crmcore.testing.conformance.subject import Bench, PluginItem, Subject

_PROBE_SECONDS: Final = 60


def starts_alone(subject: Subject) -> Iterator[Problem]:
    """Start with nothing but what it requires; every fault of its declarations is found here."""
    try:
        load(subject.plugins)
    except StartError as error:
        yield from error.problems


def starts_with_all(subject: Subject) -> Iterator[Problem]:
    """Start together with every installed plugin that starts without it."""
    known = {plugin.name for plugin in subject.registry.plugins}
    others: list[PluginItem] = [name for name in discover() if name not in known]
    if not others:
        return
    try:
        healthy, _ = load(others, quarantine=True)
        load([*subject.plugins, *(plugin.name for plugin in healthy.plugins if plugin.name not in known)])
    except StartError as error:
        yield from error.problems


def registered(subject: Subject) -> Iterator[Problem]:
    """Be registered as an entry point under the name that the plugin gives itself, as soon as a distribution installs it."""
    target = subject.module.__name__
    names = [name for name, found in discover().items() if any(entry.target == target for entry in found)]
    for name in names:
        if name != subject.name:
            yield subject.problem("PLUGIN_NAME_MISMATCH", name, entry=name, name=subject.name)
    # A module that no distribution has installed is only being written.
    if not names and target.partition(".")[0] in packages_distributions():
        yield subject.problem("KIT_NOT_REGISTERED", target, target=target, name=subject.name)


def quiet_import(subject: Subject) -> Iterator[Problem]:
    """Import without doing anything: no file written, no connection, no thread, no process, no foreign plugin."""
    target = subject.module.__name__
    required = {plugin.module.__name__ for plugin in subject.registry.plugins}
    foreign = {entry.target: name for name, found in discover().items() for entry in found if entry.target not in required}
    question = json.dumps({"path": sys.path, "target": target, "foreign": sorted(foreign)})
    probe = files("crmcore.testing.conformance").joinpath("probe.py").read_text("utf-8")
    # A process of its own: here the plugin is imported already.
    answer = subprocess.run(
        [sys.executable, "-B", "-c", probe], input=question, capture_output=True, text=True, timeout=_PROBE_SECONDS, check=False
    )
    if answer.returncode:
        lines = answer.stderr.strip().splitlines() or ["no message"]
        yield subject.problem("PLUGIN_IMPORT_FAILED", target, target=target, error=lines[-1])
        return
    found = json.loads(answer.stdout.splitlines()[-1])
    for effect in dict.fromkeys(found["effects"]):
        yield subject.problem("KIT_IMPORT_EFFECT", target, target=target, effect=effect)
    for module in found["foreign"]:
        yield subject.problem("KIT_IMPORT_FOREIGN", foreign[module], target=target, other=foreign[module])


def twice_in_one_process(subject: Subject, bench: Bench) -> Iterator[Problem]:
    """Run two Crms on two databases side by side: neither sees the other, and both come to the same result."""
    with bench.fresh() as first, bench.fresh() as second:
        untouched = dump(second.engine, leave_out=())
        Scene(first, subject).everything()
        for table in untouched.differences(dump(second.engine, leave_out=())):
            yield subject.problem("KIT_LEAK", table.partition(" ")[0], detail=f"work in one changed {table} of the other")
        Scene(second, subject).everything()
        for table in dump(first.engine).differences(dump(second.engine)):
            yield subject.problem(
                "KIT_LEAK", table.partition(" ")[0], detail=f"the same work gave another result in the second, in {table}"
            )
