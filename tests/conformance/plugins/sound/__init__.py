"""A plugin that uses every kind of declaration, and does nothing wrong."""

from crmcore import (
    CharacteristicDef,
    Choice,
    Command,
    ConfigSchema,
    ErrorCode,
    Every,
    FieldType,
    Handler,
    Job,
    Label,
    Migrations,
    Permission,
    Phase,
    PluginInfo,
    Problem,
    ScriptFunction,
    State,
    StateTable,
    Template,
    Transition,
    TransitionMode,
    hookimpl,
)
from sound.events import Checked
from sound.model import Note, Tag, Tally
from sound.work import count_notes, has_priority, normalise_code, remember_check, sweep, tag_account, words

PLUGIN = PluginInfo(name="sound", label=Label("Sano", "Sound"), summary="A sound plugin.")


@hookimpl
def crm_tables():
    return [Note, Tag, Tally]


@hookimpl
def crm_migrations():
    return Migrations("sound")


@hookimpl
def crm_configuration():
    return ConfigSchema(
        {
            "days": {"type": "integer", "default": 30, "min": 1, "label": Label("Giorni", "Days"), "help": "After how many days."},
            "mail": {
                "type": "dict",
                "label": Label("Posta", "Mail"),
                "help": "How to send.",
                "schema": {
                    "sender": {
                        "type": "string",
                        "required": True,
                        "example": "crm@example.org",
                        "label": Label("Da", "From"),
                        "help": "Who sends.",
                    },
                    "password": {"type": "string", "secret": True, "label": Label("Chiave", "Password"), "help": "The password."},
                },
            },
        }
    )


@hookimpl
def crm_characteristics():
    return [
        CharacteristicDef(
            key="sound_class",
            label=Label("Classe", "Class"),
            type="choice",
            choices=(Choice(code="a", label=Label("Prima", "First")), Choice(code="b", label=Label("Seconda", "Second"))),
        ),
        CharacteristicDef(key="sound_code", label=Label("Codice", "Code"), type="sound.code", validate="value != ''"),
    ]


@hookimpl
def crm_field_types():
    return [FieldType(name="sound.code", label=Label("Codice", "Code"), normalise=normalise_code)]


@hookimpl
def crm_state_tables():
    return [
        StateTable(
            name="sound.notes",
            entity="sound.note",
            label=Label("Stati", "States"),
            mode=TransitionMode.STEPS,
            states=(
                State(code="open", label=Label("Aperta", "Open"), order=1, default=True),
                State(code="done", label=Label("Chiusa", "Done"), order=2, terminal=True),
            ),
            transitions=(Transition(source="open", target="done", guard="sound.has_priority", required_fields=("body",)),),
        )
    ]


@hookimpl
def crm_permissions():
    return [Permission(name="sound.write", label=Label("Scrive note", "Write notes"))]


@hookimpl
def crm_script_functions():
    return [
        ScriptFunction(name="sound.has_priority", fn=has_priority, help="Say whether a note has a priority."),
        ScriptFunction(name="sound.words", fn=words, help="Count the words of a text."),
    ]


@hookimpl
def crm_templates():
    return [Template(name="sound.letter", package="sound", path="templates/letter.txt")]


@hookimpl
def crm_events():
    return [Checked]


@hookimpl
def crm_handlers():
    return [
        Handler(event="account.created", fn=tag_account),
        Handler(event="sound.note.created", fn=count_notes, phase=Phase.IN_TRANSACTION),
        Handler(event="sound.note.deleted", fn=count_notes, phase=Phase.IN_TRANSACTION, name="count_deleted"),
        Handler(event=Checked, fn=remember_check),
    ]


@hookimpl
def crm_jobs():
    return [Job(name="sound.sweep", fn=sweep, every=Every(hours=24))]


@hookimpl
def crm_commands():
    return [Command(name="list", target="sound.commands:list_all", help="List notes.")]


@hookimpl
def crm_error_codes():
    return [ErrorCode("SOUND_LOUD", "note {id} is too loud", "la nota {id} è troppo forte", "Write it in lower case.")]


@hookimpl
def crm_validate(session, changes):
    return [
        Problem(code="SOUND_LOUD", params={"id": change.id})
        for change in changes
        if change.entity == "sound.note" and "body" in change.fields and change.record.body.isupper()
    ]
