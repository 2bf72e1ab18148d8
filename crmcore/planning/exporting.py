"""Write the configuration of a running database into a new folder, whose plan is empty."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from crmcore.deployment import MAIN, MAIN_FILE, main_file
from crmcore.deployment.places import KeyPath
from crmcore.deployment.rules import rules_at
from crmcore.deployment.secrets import REFERENCE
from crmcore.deployment.yamlfile import parse, read_text
from crmcore.errors import ConfigurationError
from crmcore.hooks import DEPLOYMENT, Item, Key
from crmcore.planning.catalogue import collections_of
from crmcore.planning.desired import layers_of
from crmcore.planning.planner import ACTOR
from crmcore.planning.writing import mapping_text, section_text

if TYPE_CHECKING:
    from crmcore.app import Crm
    from crmcore.deployment import Deployment

_FOLDER: Final = "config"
_PASSWORD: Final = re.compile(r"(?P<before>://[^:/@]*:)(?P<password>[^@]*)(?P<after>@)")


def export_configuration(crm: Crm, deployment: Deployment, folder: str | Path) -> list[Path]:
    """Write the main file and one file for each section that the database has something of; return their paths.

    What plugins and core say is left out, unless the deployment says otherwise. Secrets are written as references, never as values.

    Raises:
        ConfigurationError: ``DEPLOYMENT_EXISTS`` when the folder holds a deployment already.
    """
    target = Path(folder)
    if main_file(target).exists() or (target / _FOLDER).exists():
        raise ConfigurationError("DEPLOYMENT_EXISTS", path=str(target))
    sections = configuration_text(crm)
    (target / _FOLDER).mkdir(parents=True)
    main = target / MAIN_FILE
    written = [main]
    for name, text in sections.items():
        path = target / _FOLDER / f"{name}.yaml"
        path.write_text(text, encoding="utf-8", newline="\n")
        written.append(path)
    # The main file comes last: without it, the folder is no deployment yet.
    main.write_text(_main_text(crm, deployment, target, with_include=bool(sections)), encoding="utf-8", newline="\n")
    return written


def configuration_text(crm: Crm) -> dict[str, str]:
    """Return the sections of everything that the deployment owns in the database, as YAML, by name."""
    collections = collections_of(crm.registry)
    layers = layers_of(collections, crm.registry)
    owned: dict[str, dict[Key, Item]] = {}
    with crm.session(ACTOR, source=DEPLOYMENT) as session:
        for name, collection in collections.items():
            below = layers[name]
            owned[name] = {
                key: item
                for key, item in collection.store.read(session).items()
                if _is_ours(collection.store.keeps_owner, item, below.get(key))
            }
    tops = [name for name, each in collections.items() if each.inside is None]
    texts = {name: section_text(collections, name, owned, layers) for name in tops}
    return {name: text for name, text in texts.items() if text}


def _is_ours(keeps_owner: bool, item: Item, low: Item | None) -> bool:  # noqa: FBT001 - a property of the store
    if low is not None and not keeps_owner:
        return item.values != low.values
    return item.owner == DEPLOYMENT


def _main_text(crm: Crm, deployment: Deployment, target: Path, *, with_include: bool) -> str:
    name = str(deployment.path)
    data = parse(read_text(deployment.path, name), name).data or {}
    written = {key: value for key, value in data.items() if key in MAIN.schema and key != "include"}
    written["database"] = _database(str(data["database"]), deployment, target)
    if with_include:
        written["include"] = [f"{_FOLDER}/*.yaml"]
    if isinstance(written.get("settings"), dict):
        written["settings"] = {
            plugin: _masked(crm.registry.schemas().get(plugin), inner, (plugin,)) for plugin, inner in written["settings"].items()
        }
    return "# Configurazione esportata da `crm export-config`.\n" + mapping_text(written)


def _database(url: str, deployment: Deployment, target: Path) -> str:
    """Return the address as it is written, with a relative path seen from the new folder, and without a password in clear."""
    scheme, separator, rest = url.partition(":///")
    if separator and scheme.partition("+")[0] == "sqlite" and rest and not rest.startswith((":memory:", "file:", "/")):
        return f"{scheme}:///{Path(os.path.relpath(deployment.folder / rest, target.absolute())).as_posix()}"
    found = _PASSWORD.search(url)
    if found and REFERENCE.sub("", found["password"]):
        return f"{url[: found.start('password')]}${{env:CRM_DB_PASSWORD}}{url[found.end('password') :]}"
    return url


def _masked(schema: Mapping[str, Any] | None, value: Any, path: KeyPath) -> Any:  # noqa: ANN401 - whatever the settings hold
    """Return settings with a reference in place of every secret that is written in clear.

    Without the schema, of a plugin that is not enabled, nobody knows what is secret: every text is taken for one.
    """
    if isinstance(value, Mapping):
        return {key: _masked(schema, inner, (*path, str(key))) for key, inner in value.items()}
    if isinstance(value, list):
        return [_masked(schema, inner, (*path, number)) for number, inner in enumerate(value)]
    secret = schema is None or any((rules_at(schema, path[1:end]) or {}).get("secret") is True for end in range(2, len(path) + 1))
    if (
        not secret
        or value is None
        or (isinstance(value, str) and REFERENCE.fullmatch(value))
        or (schema is None and not isinstance(value, str))
    ):
        return value
    return f"${{env:{'_'.join(str(part) for part in path if isinstance(part, str)).upper()}}}"
