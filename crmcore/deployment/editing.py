"""Write the main file of a deployment: a new one, or an existing one with another list of plugins and every other byte as it was.

A rewrite through a YAML dumper would change indentation, quotes and line ends that are not its own: the list is edited in the text, where
the parser says it stands, and the result is read back before it replaces the file.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

from crmcore.deployment.loader import MAIN_FILE, main_file
from crmcore.deployment.messages import config_problem
from crmcore.deployment.reference import flow, scalar
from crmcore.deployment.sections import SECTIONS
from crmcore.deployment.yamlfile import compose, parse, read_text
from crmcore.errors import ConfigurationError

_KEY: Final = "plugins"
# The nodes of ruamel are not typed.
Node = Any


class _NotEditableError(Exception):
    """The list is written in a way that this module does not know."""


def write_new(
    folder: str | Path,
    *,
    database: str = "sqlite:///crm.db",
    plugins: Iterable[str] = (),
    zone: str = "Europe/Rome",
    lang: str = "it",
) -> Path:
    """Write the main file of a new deployment, with comments in Italian, and return its path.

    Raises:
        ConfigurationError: ``DEPLOYMENT_EXISTS`` when the folder holds one already.
    """
    file = Path(folder) / MAIN_FILE
    values = {"database": database, "plugins": list(plugins), "zone": zone, "lang": lang}
    text = _new_text(values)
    file.parent.mkdir(parents=True, exist_ok=True)
    try:
        # Opening for creation is the check: two processes cannot both write.
        with file.open("x", encoding="utf-8", newline="\n") as target:
            target.write(text)
            target.flush()
            os.fsync(target.fileno())
    except FileExistsError as error:
        raise ConfigurationError("DEPLOYMENT_EXISTS", path=str(file)) from error
    return file


def _new_text(values: dict[str, Any]) -> str:
    parts = ["# Installazione di crmcore. Dopo ogni modifica, `crm doctor` controlla tutto.\n"]
    for section in SECTIONS:
        comment = "".join(f"# {line}\n" for line in section.comment.splitlines())
        value = values.get(section.key)
        if isinstance(value, list) and value:
            body = f"{section.key}:\n" + "".join(f"  - {scalar(name)}\n" for name in value)
        elif value is not None:
            body = f"{section.key}: {flow(value)}\n"
        else:
            body = f"# {section.key}: {flow(section.rules.get('default'))}\n"
        parts.append(comment + body)
    return "\n".join(parts)


def edit_plugins(path: str | Path, *, enable: Iterable[str] = (), disable: Iterable[str] = ()) -> tuple[str, ...]:
    """Enable and disable plugins in the main file, and return the names that it has now.

    Nothing else in the file changes. The new file replaces the old one in one step, so that a crash leaves one of the two. What is
    enabled already, or not there to be disabled, stays as it is.

    Raises:
        ConfigurationError: ``CONFIG_UNREADABLE`` or ``CONFIG_INVALID`` when the file, or the way its list is written, cannot be edited.
    """
    file = main_file(path).resolve()
    name = str(path)
    text = read_text(file, name)
    present = _plugins_of(text, name)
    gone = set(disable)
    wanted = tuple(each for each in present if each not in gone)
    added = tuple(dict.fromkeys(each for each in enable if each not in wanted))
    if added or wanted != present:
        changed = _edited(text, name, [number for number, each in enumerate(present) if each in gone], added)
        replace_file(file, changed)
    return (*wanted, *added)


def _plugins_of(text: str, name: str) -> tuple[str, ...]:
    document = parse(text, name)
    data = document.data if document.data is not None else {}
    plugins = data.get(_KEY) if isinstance(data, dict) else None
    if document.problems or not isinstance(data, dict):
        problems = document.problems or (config_problem("not_mapping", place=name, value=type(data).__name__),)
        raise ConfigurationError("CONFIG_REFUSED", problems, place=name)
    if plugins is None:
        return ()
    if not isinstance(plugins, list) or not all(isinstance(each, str) for each in plugins):
        raise _refused(name, document.source.place((_KEY,)))
    return tuple(plugins)


def _refused(name: str, place: str) -> ConfigurationError:
    problem = config_problem("not_editable", place=place, path=_KEY)
    return ConfigurationError("CONFIG_REFUSED", [problem], place=name)


def _edited(text: str, name: str, remove: Sequence[int], add: Sequence[str]) -> str:
    """Return the text with another list, after reading it back: the list is the wanted one, and all else is equal."""
    bom = "\ufeff" if text.startswith("\ufeff") else ""
    before = text.removeprefix("\ufeff")
    try:
        after = _add(_remove(before, name, remove), name, add)
        old, new = parse(before, name), parse(after, name)
    except (_NotEditableError, ConfigurationError, IndexError) as error:
        raise _refused(name, name) from error
    kept = [each for number, each in enumerate((old.data or {}).get(_KEY) or []) if number not in remove]
    expected = {**(old.data or {}), _KEY: [*kept, *add]}
    if new.problems or repr(sorted(new.data.items())) != repr(sorted(expected.items())):
        raise _refused(name, old.source.place((_KEY,)))
    return bom + after


def _find(text: str, name: str) -> tuple[Node, Node] | None:
    """Return the nodes of the key and of the value, None when the key is not there."""
    root = compose(text, name)
    for key, value in root.value if root is not None else ():
        if key.value == _KEY:
            starts = [key.end_mark.index, value.start_mark.index]
            if isinstance(value.value, list):
                starts += [inner.start_mark.index for inner in value.value]
            # An alias stands elsewhere in the file than where it is used: its nodes are out of order.
            if starts != sorted(starts):
                raise _NotEditableError
            return key, value
    return None


def _line_start(text: str, index: int) -> int:
    return text.rfind("\n", 0, index) + 1


def _line_end(text: str, index: int) -> int:
    """Return the index after the newline that ends the line of ``index``."""
    found = text.find("\n", index)
    return len(text) if found < 0 else found + 1


def _newline(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\n"


def _remove(text: str, name: str, numbers: Sequence[int]) -> str:
    for number in sorted(numbers, reverse=True):
        found = _find(text, name)
        if found is None:
            raise _NotEditableError
        key, value = found
        text = _remove_flow(text, value, number) if value.flow_style else _remove_block(text, key, value, number)
    return text


def _remove_block(text: str, key: Node, value: Node, number: int) -> str:
    item = value.value[number]
    start, end = _line_start(text, item.start_mark.index), _line_end(text, item.end_mark.index - 1)
    if text[start : item.start_mark.index].strip(" ") != "-":
        raise _NotEditableError
    shorter = text[:start] + text[end:]
    if len(value.value) > 1:
        return shorter
    colon = shorter.index(":", key.end_mark.index)
    return f"{shorter[: colon + 1]} []{shorter[colon + 1 :]}"


def _remove_flow(text: str, value: Node, number: int) -> str:
    start, end = value.value[number].start_mark.index, value.value[number].end_mark.index
    inner = text[value.start_mark.index : value.end_mark.index]
    if "\n" not in inner:
        kept = [text[each.start_mark.index : each.end_mark.index] for each in value.value if each is not value.value[number]]
        return f"{text[: value.start_mark.index]}[{', '.join(kept)}]{text[value.end_mark.index :]}"
    after = text[end:]
    comma = after.lstrip()
    # Without a comma after it this is the last one, and the comma before it may stay.
    rest = comma[1:] if comma.startswith(",") else after
    return text[:start] + rest


def _add(text: str, name: str, added: Sequence[str]) -> str:
    if not added:
        return text
    found = _find(text, name)
    if found is None:
        return _append(text, name, added)
    key, value = found
    if isinstance(value.value, list) and value.flow_style:
        return _add_flow(text, key, value, added)
    newline = _newline(text)
    if isinstance(value.value, list):
        last = value.value[-1]
        start, end = _line_start(text, last.start_mark.index), _line_end(text, last.end_mark.index - 1)
        lead = text[start : last.start_mark.index]
        if lead.strip(" ") != "-":
            raise _NotEditableError
        return _insert_lines(text, end, [f"{lead}{each}" for each in added], newline)
    if value.start_mark.index != value.end_mark.index:
        # `null` or `~`, written out.
        text = text[: value.start_mark.index].rstrip(" ") + text[value.end_mark.index :]
    indent = " " * (key.start_mark.column + 2)
    return _insert_lines(text, _line_end(text, key.end_mark.index), [f"{indent}- {each}" for each in added], newline)


def _add_flow(text: str, key: Node, value: Node, added: Sequence[str]) -> str:
    names = ", ".join(added)
    rest = text[value.end_mark.index : _line_end(text, value.end_mark.index)].strip()
    if not value.value and key.start_mark.column == 0 and (not rest or rest.startswith("#")):
        # An empty list that stands alone becomes one line for each plugin, as in a new file.
        shorter = text[: value.start_mark.index].rstrip(" ") + text[value.end_mark.index :]
        return _insert_lines(shorter, _line_end(shorter, key.end_mark.index), [f"  - {each}" for each in added], _newline(text))
    if not value.value:
        at = value.start_mark.index + 1
        return text[:at] + names + text[at:]
    at = value.value[-1].end_mark.index
    return f"{text[:at]}, {names}{text[at:]}"


def _append(text: str, name: str, added: Sequence[str]) -> str:
    lines = [f"{_KEY}:", *(f"  - {each}" for each in added)]
    longer = _insert_lines(text, len(text), lines, _newline(text))
    root = compose(text, name)
    if text.endswith("\n") or root is None or parse(longer, name).data == {**parse(text, name).data, _KEY: list(added)}:
        return longer
    # The file ends inside a block of text, which the newline would lengthen.
    return _insert_lines(text, _line_start(text, root.start_mark.index), lines, _newline(text))


def _insert_lines(text: str, at: int, lines: Sequence[str], newline: str) -> str:
    before = text[:at]
    if before and not before.endswith("\n"):
        before += newline
    return before + "".join(f"{line}{newline}" for line in lines) + text[at:]


def replace_file(file: Path, text: str) -> None:
    """Replace a file in one step: a reader, or a crash, sees the old content or the new one."""
    handle, temporary = tempfile.mkstemp(prefix=f".{file.name}.", suffix=".tmp", dir=file.parent)
    try:
        # Closed before it is renamed: Windows does not rename an open file.
        with os.fdopen(handle, "wb") as target:
            target.write(text.encode("utf-8"))
            target.flush()
            os.fsync(target.fileno())
        shutil.copymode(file, temporary)
        Path(temporary).replace(file)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    _sync_folder(file.parent)


def _sync_folder(folder: Path) -> None:
    """Make the rename durable, where folders can be opened for that."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
