"""A plan as a value: its steps, what they mean for records, and the hash that names exactly these steps."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from functools import cached_property
from typing import Any, Final

import attrs

from crmcore.hooks import Effect, Item, Key, Step

_HASH: Final = 16


@attrs.frozen(kw_only=True, slots=False)
class Plan:
    """What would be done to make the database what the files say, in the order in which it would be done.

    ``kept`` are items of the database that the files do not mention and that stay, because nobody asked to ``prune`` them or because
    something holds them.
    """

    steps: tuple[Step, ...]
    effects: tuple[Effect, ...] = ()
    kept: tuple[tuple[str, Key], ...] = ()
    prune: bool = False

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to do."""
        return not self.steps

    @property
    def is_blocked(self) -> bool:
        """Whether something keeps the plan from being applied."""
        return any(effect.blocking for effect in self.effects)

    @cached_property
    def hash(self) -> str:
        """The name of exactly these steps; counts of records, which move every minute, are no part of it."""
        content = [
            [step.collection, list(step.key), step.kind.value, _item(step.before), _item(step.after)]
            for step in sorted(self.steps, key=lambda step: (step.collection, step.key))
        ]
        text = json.dumps([self.prune, content], sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()[:_HASH]

    def as_json(self, lang: str = "it") -> dict[str, Any]:
        """Return the plan as JSON values, with the texts of its effects in a language."""
        return {
            "hash": self.hash,
            "prune": self.prune,
            "empty": self.is_empty,
            "blocked": self.is_blocked,
            "steps": [_step(step) for step in self.steps],
            "effects": [
                {
                    "collection": effect.collection,
                    "key": list(effect.key),
                    "text": effect.text.text(lang),
                    "count": effect.count,
                    "blocking": effect.blocking,
                }
                for effect in self.effects
            ],
            "kept": [{"collection": collection, "key": list(key)} for collection, key in self.kept],
        }


def _item(item: Item | None) -> Any:  # noqa: ANN401 - JSON
    return None if item is None else [item.owner, dict(item.values)]


def _step(step: Step) -> dict[str, Any]:
    changes: Mapping[str, tuple[Any, Any]] = step.changes
    return {
        "collection": step.collection,
        "key": list(step.key),
        "kind": step.kind.value,
        "owner": [step.before.owner if step.before else None, step.after.owner if step.after else None],
        "changes": {name: list(pair) for name, pair in changes.items()},
    }
