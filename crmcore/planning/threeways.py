"""How the three layers differ: what core or a plugin says, what the files say, and what the database has."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import attrs

from crmcore.errors import ConfigurationError
from crmcore.hooks import DEPLOYMENT, Key
from crmcore.planning.planner import ACTOR, Wanted, read_wanted

if TYPE_CHECKING:
    from crmcore.app import Crm
    from crmcore.deployment import Deployment
    from crmcore.session import Session


@attrs.frozen(kw_only=True)
class ThreeWay:
    """One field of an item on which the layers do not agree; None stands for a layer that says nothing of it.

    ``owner`` is the plugin, or the core, whose ``layer`` it is; ``holder`` is the owner that the database notes.
    """

    collection: str
    key: Key
    field: str
    owner: str
    holder: str | None
    layer: Any  # JSON values, whatever the field is
    files: Any
    database: Any


def three_ways(crm: Crm, deployment: Deployment) -> list[ThreeWay]:
    """Return the fields of the items of core and plugins that files or database say otherwise.

    Raises:
        ConfigurationError: with every problem of single items.
    """
    wanted = read_wanted(crm, deployment)
    problems = [*wanted.files.problems, *wanted.desired.problems]
    if problems:
        raise ConfigurationError("CONFIG_REFUSED", problems, place=deployment.source.name)
    with crm.session(ACTOR, source=DEPLOYMENT) as session:
        return list(_differences(session, wanted))


def _differences(session: Session, wanted: Wanted) -> Iterator[ThreeWay]:
    for name, collection in wanted.collections.items():
        below = wanted.desired.layers[name]
        if not below:
            continue
        current = collection.store.read(session)
        for key, low in below.items():
            mine, here = wanted.desired.files[name].get(key), current.get(key)
            for field, value in low.values.items():
                said = mine.values[field] if mine else None
                held = here.values[field] if here else None
                if (mine is not None and said != value) or held != value:
                    yield ThreeWay(
                        collection=name,
                        key=key,
                        field=field,
                        owner=low.owner,
                        holder=here.owner if here else None,
                        layer=value,
                        files=said,
                        database=held,
                    )
