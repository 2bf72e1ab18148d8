"""Filters that name saved searches: ``{"saved": "grandi"}`` stands for the filter of that search, wherever a filter may stand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from crmcore.errors import Problem, UsageError

if TYPE_CHECKING:
    from crmcore.model import Entity
    from crmcore.session import Session

SAVED: Final = "saved"
_DEEPEST: Final = 20


def written_out(session: Session, cls: type[Entity], node: Any) -> Any:  # noqa: ANN401 - anything that a caller gave
    """Return a filter with those of the saved searches that it names in their places; most name none, and are returned as they are.

    The actor's own come before those that others share.

    Raises:
        UsageError: ``QUERY_INVALID`` with ``QUERY_SAVED`` for a search of another entity, or one that names itself.
        RecordNotFound: when there is no such search for the actor.
    """
    return _write_out(session, cls, node, ()) if _names_any(node) else node


def _names_any(node: Any, depth: int = 0) -> bool:  # noqa: ANN401 - as above
    if depth > _DEEPEST:
        # Too deep for a filter: who compiles it says so.
        return False
    if isinstance(node, Mapping):
        return _is_name(node) or any(_names_any(each, depth + 1) for key, each in node.items() if key in {"and", "or", "not", "where"})
    return _is_list(node) and any(_names_any(each, depth + 1) for each in node)


def _write_out(session: Session, cls: type[Entity] | None, node: Any, within: tuple[str, ...]) -> Any:  # noqa: ANN401 - as above
    if isinstance(node, Mapping):
        if _is_name(node):
            return _filter_of(session, cls, node[SAVED], within)
        # What is behind a relation is about another entity, which is known when the filter is compiled.
        inner = {"and": cls, "or": cls, "not": cls, "where": None}
        return {key: _write_out(session, inner[key], each, within) if key in inner else each for key, each in node.items()}
    return [_write_out(session, cls, each, within) for each in node] if _is_list(node) else node


def _filter_of(session: Session, cls: type[Entity] | None, name: str, within: tuple[str, ...]) -> Any:  # noqa: ANN401 - as above
    from crmcore.query.saved import parts, require  # noqa: PLC0415 - it checks searches by compiling them

    row = require(session, name, None)
    if name in within or len(within) >= _DEEPEST or (cls is not None and row.entity != cls.entity_name()):
        raise UsageError("QUERY_INVALID", [Problem(code="QUERY_SAVED", params={"name": name, "entity": row.entity})])
    node, _, _ = parts(row)
    return _write_out(session, cls, node or {"and": []}, (*within, name))


def _is_name(node: Mapping[str, Any]) -> bool:
    return len(node) == 1 and isinstance(node.get(SAVED), str)


def _is_list(node: Any) -> bool:  # noqa: ANN401 - as above
    return isinstance(node, Sequence) and not isinstance(node, str | bytes)
