"""The reference of what the core and the bundled plugins hold: error codes, events, jobs, tables."""

from __future__ import annotations

from typing import Final

import attrs

from crmcore.errors import CATALOGUE, ErrorCode
from crmcore.events import RecordVerb
from crmcore.model import CORE
from crmcore.registry import EventType
from tools.bundled import load_bundled
from tools.reference.markdown import code, docstring, table


def error_codes() -> dict[str, ErrorCode]:
    """Return every code of the core and of the bundled plugins."""
    return {**CATALOGUE, **load_bundled().error_codes}


_ERRORS: Final = """# Error codes

A code never changes its meaning and is never used again for another one. Programs look at the code, people read the message in their
language. Words in braces stand for the values of the case.
"""
_EVENTS: Final = """# Events and jobs

## Events of records

Each audited entity tells when a record of it is created, updated or deleted. The envelope carries the old and new value of every field that
changed.
"""
_TABLES: Final = """# Tables

Reports may read these. Everything that writes goes through a session, or history and events would not know.
"""


def errors_page() -> str:
    """Return the page of all error codes."""
    entries = sorted(error_codes().values(), key=lambda entry: entry.code)
    return "\n".join([_ERRORS, *(_code_text(entry) for entry in entries)])


def _code_text(entry: ErrorCode) -> str:
    return f"## {entry.code}\n\n- English: {_template(entry.en)}\n- Italian: {_template(entry.it)}\n\n{entry.help}\n"


def _template(text: str) -> str:
    # Placeholders are shown by name, without how they are formatted.
    return text.replace("!r}", "}").replace("<", "&lt;")


def events_page() -> str:
    """Return the page of all events: those of records, and those that are declared, with their fields; and of the jobs."""
    registry = load_bundled()
    declared = [event for event in registry.events.values() if event.cls is not None]
    entities = {event.entity: event.owner for event in registry.events.values() if event.entity is not None}
    told = [(code(name), owner, ", ".join(code(f"{name}.{verb}") for verb in RecordVerb)) for name, owner in entities.items()]
    parts = [_EVENTS, table(("entity", "owner", "events"), told), "## Declared events\n"]
    parts += [_event_text(event) for event in declared]
    rows = [(code(name), bound.plugin, _schedule(bound.job.every), bound.job.help) for name, bound in registry.jobs.items()]
    parts += ["## Jobs\n", table(("job", "owner", "recurs", "what it does"), rows)]
    return "\n".join(parts)


def _event_text(event: EventType) -> str:
    assert event.cls is not None  # noqa: S101 - for the type checker
    fields = [(code(field.name), code(str(field.type))) for field in attrs.fields(event.cls)]
    return (
        f"### {event.type}\n\nVersion {event.version}, owner {event.owner}.\n\n{docstring(event.cls)}\n{table(('field', 'type'), fields)}"
    )


def _schedule(every: object) -> str:
    return "" if every is None else code(every)


def undocumented_events() -> list[str]:
    """Return the declared events without a docstring of their own, and the jobs without a help."""
    registry = load_bundled()
    found = [event.type for event in registry.events.values() if event.cls is not None and not vars(event.cls).get("__doc__")]
    return found + [name for name, bound in registry.jobs.items() if not bound.job.help]


def tables_page() -> str:
    """Return the page of all tables, by owner, with their columns."""
    registry = load_bundled()
    texts = {cls.__tablename__: cls for cls in registry.entities.values()}
    parts = [_TABLES]
    for owner in (CORE, *(plugin.name for plugin in registry.plugins)):
        tables = registry.tables(owner)
        if tables:
            parts.append(f"## {owner}\n")
        for each in tables:
            entity = texts.get(each.name)
            says = docstring(entity) if entity is not None else "Written by the platform only.\n"
            if entity is not None:
                says += f"\nVisible: {entity.__visibility__.kind.value}{_column(entity.__visibility__.column)}. "
                says += f"Personal data: {', '.join(code(name) for name in entity.__personal__) or 'none'}.\n"
            rows = [
                (
                    code(column.name),
                    code(column.type),
                    "yes" if column.nullable else "no",
                    ", ".join(code(key.target_fullname) for key in column.foreign_keys),
                )
                for column in each.columns
            ]
            parts += [f"### {each.name}\n", says, table(("column", "type", "may be null", "refers to"), rows)]
    return "\n".join(parts)


def _column(name: str | None) -> str:
    return f" ({code(name)})" if name else ""


def undocumented_tables() -> list[str]:
    """Return the entities without a docstring of their own."""
    return [name for name, cls in load_bundled().entities.items() if not vars(cls).get("__doc__")]
