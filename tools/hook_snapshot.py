"""The snapshot of every hook specification, so that the plugin API never changes unannounced.

``python -m tools.hook_snapshot`` shows what differs; ``--write --news news/2.api.md`` records it, and names the news fragment that tells
partners about it. ``--released 0.2.0`` moves the references of all fragments to that section of the changelog.
"""

from __future__ import annotations

import inspect
import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import attrs
import click

from crmcore.hooks import declaring, runtime
from crmcore.hooks.markers import SLOT_ATTRIBUTE, SPEC_ATTRIBUTE
from crmcore.model import CORE
from crmcore.registry import specifications
from tools.bundled import load_bundled
from tools.repository import ROOT

SNAPSHOT: Final = ROOT / "tests" / "guards" / "hookspecs.json"
HOW_TO: Final = (
    "describe the change in a news fragment (news/README.md says how), naming each hook, "
    "then run: python -m tools.hook_snapshot --write --news news/<fragment>"
)


@attrs.frozen
class Hook:
    """One specification, as far as a plugin can notice it."""

    name: str
    owner: str
    module: str
    arguments: Mapping[str, str]
    returns: str
    options: Mapping[str, Any]
    news: str = ""

    def without_news(self) -> Hook:
        """Return the specification alone."""
        return attrs.evolve(self, news="")


def current_hooks() -> dict[str, Hook]:
    """Return the specifications of the core and of the bundled plugins, as they are in the code."""
    found = [_hook(name, CORE, function) for module in (declaring, runtime) for name, function in specifications(module).items()]
    for plugin in load_bundled().plugins:
        points = getattr(plugin.module, "crm_extension_points", None)
        for module in points() or () if points is not None else ():
            found += [_hook(name, plugin.name, function) for name, function in specifications(module).items()]
    return {hook.name: hook for hook in sorted(found, key=lambda hook: (hook.owner != CORE, hook.owner, hook.name))}


def _hook(name: str, owner: str, function: Callable[..., Any]) -> Hook:
    signature = inspect.signature(function)
    return Hook(
        name=name,
        owner=owner,
        module=function.__module__,
        arguments={argument.name: str(argument.annotation) for argument in signature.parameters.values()},
        returns=str(signature.return_annotation),
        options=_options(function),
    )


def _options(function: Callable[..., Any]) -> dict[str, Any]:
    """Return what the specification asks for beyond pluggy's defaults; warnings as their text."""
    given = getattr(function, SPEC_ATTRIBUTE)
    chosen = {key: value for key, value in given.items() if value}
    if getattr(function, SLOT_ATTRIBUTE, False):
        chosen["single_slot"] = True
    plain: dict[str, Any] = json.loads(json.dumps(chosen, sort_keys=True, default=str))
    return plain


def read_snapshot(path: Path = SNAPSHOT) -> dict[str, Hook]:
    """Read the snapshot; empty when there is none yet."""
    if not path.exists():
        return {}
    return {name: Hook(name=name, **fields) for name, fields in json.loads(path.read_text(encoding="utf-8")).items()}


def write_snapshot(hooks: Mapping[str, Hook], path: Path = SNAPSHOT) -> None:
    """Write the snapshot."""
    data = {name: {key: value for key, value in attrs.asdict(hook).items() if key != "name"} for name, hook in hooks.items()}
    path.write_text(json.dumps(data, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


def differences(old: Mapping[str, Hook], new: Mapping[str, Hook]) -> dict[str, str]:
    """Return hook → how it differs."""
    found = {name: "is new" for name in new if name not in old}
    found |= {name: "is gone" for name in old if name not in new}
    for name in new.keys() & old.keys():
        before, after = attrs.asdict(old[name].without_news()), attrs.asdict(new[name].without_news())
        changed = [f"{key}: {before[key]} → {after[key]}" for key in before if before[key] != after[key]]
        if changed:
            found[name] = "; ".join(changed)
    return dict(sorted(found.items()))


def news_problem(name: str, reference: str) -> str | None:
    """Return what is wrong with the reference of a hook to its news: the text must exist, and speak of the hook."""
    file, _, section = reference.partition("#")
    path = ROOT / file
    if not reference or not path.is_file():
        return f"{name}: its news {reference!r} does not exist"
    text = path.read_text(encoding="utf-8")
    if section:
        heading = f"\n## {section}"
        if heading not in text:
            return f"{name}: {file} has no section {section}"
        text = text.partition(heading)[2].partition("\n## ")[0]
    return None if name in text else f"{name}: {reference} does not mention it"


@click.command()
@click.option("--write", is_flag=True, help="Record the differences.")
@click.option("--news", metavar="FILE", help="The news fragment that describes them.")
@click.option("--released", metavar="VERSION", help="Point all fragments to this section of the changelog.")
def main(*, write: bool, news: str | None, released: str | None) -> None:
    """Compare the hook specifications with their snapshot; exit code 1 when they differ."""
    old, new = read_snapshot(), current_hooks()
    found = differences(old, new)
    for name, text in found.items():
        click.echo(f"{name}: {text}")
    if released:
        section = f"CHANGELOG.md#{released}"
        write_snapshot({name: attrs.evolve(hook, news=section) if hook.news.startswith("news/") else hook for name, hook in old.items()})
    elif write and found:
        _record(old, new, found, news or "")
    elif found:
        click.echo(HOW_TO, err=True)
        sys.exit(1)


def _record(old: Mapping[str, Hook], new: Mapping[str, Hook], found: Mapping[str, str], news: str) -> None:
    problems = [problem for name in found if (problem := news_problem(name, news))]
    if problems:
        raise click.ClickException("\n".join([*problems, HOW_TO]))
    write_snapshot({name: attrs.evolve(hook, news=news if name in found else old[name].news) for name, hook in new.items()})
    click.echo(f"recorded {len(found)} change(s)")


if __name__ == "__main__":
    main()
