"""Deployments of a few lines, on a Crm of the test's own."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from crmcore.deployment import Deployment, load
from crmcore.planning import Plan, apply_plan, make_plan

Deploy = Callable[..., Deployment]


@pytest.fixture
def deploy(tmp_path) -> Deploy:
    """Return a function that writes a deployment: the text of one file, or texts by name; the Crm brings the database."""
    count = 0

    def write(text: str | Mapping[str, str] = "", folder: Path | None = None) -> Deployment:
        nonlocal count
        count += 1
        place = folder or tmp_path / f"deployment{count}"
        place.mkdir(parents=True, exist_ok=True)
        texts = {"config.yaml": text} if isinstance(text, str) else text
        (place / "crm.yaml").write_text("database: sqlite://\ninclude: [" + ", ".join(texts) + "]\n")
        for name, content in texts.items():
            (place / name).write_text(textwrap.dedent(content))
        return load(place)

    return write


def bring(crm, deployment: Deployment, *, prune: bool = False) -> Plan:
    """Plan, apply, and look: nothing is left to do. Return what was done."""
    plan = make_plan(crm, deployment, prune=prune)
    done = apply_plan(crm, deployment, plan.hash, prune=prune)
    assert done.hash == plan.hash
    left = make_plan(crm, deployment, prune=prune)
    assert [(step.collection, step.key, step.kind, step.changes) for step in left.steps] == []
    return plan


@pytest.fixture
def apply():
    """Return the function that plans, applies, and sees that nothing is left."""
    return bring


def shown(plan: Plan) -> list[str]:
    """Return the steps of a plan in short."""
    return [f"{step.kind} {step.collection} {'/'.join(step.key)}" for step in plan.steps]


@pytest.fixture
def steps():
    """Return the function that shows steps in short."""
    return shown
