"""What a deployment configures, and what the plugin brings along."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from crmcore import Configurable, Configured, Label, Session
from crmcore.hooks import Effect, Finding, Scene, Step
from crmcore.planning import Plain, Refer, Rows, Text
from crmcore.scripting import ScriptError
from crmcore_agenda.model import ActionTemplate, ActivityGroup, Band, Kind, Recurring, Resource, Role, TriggerRule
from crmcore_agenda.settings import setting
from crmcore_agenda.soundness import cycles_of
from crmcore_agenda.triggers import INPUTS


def _field(kind: str, it: str, en: str, text: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - Cerberus rules are open
    return {"type": kind, "label": Label(it, en), "help": text, **more}


_TEXTS: Final = {
    "it": _field("string", "Italiano", "Italian", "The text in Italian.", required=True, example="Esempio"),
    "en": _field("string", "Inglese", "English", "The text in English.", default=""),
}
_LABEL: Final = {"label": _field("dict", "Etichetta", "Label", "What people read.", required=True, schema=_TEXTS)}
_OBSOLETE: Final = {"obsolete": _field("boolean", "Obsoleto", "Obsolete", "Not offered any more.", default=False)}
_ACTIVE: Final = {"active": _field("boolean", "Attiva", "Active", "Whether it works.", default=True)}


def _text(it: str, en: str, text: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - as above
    return _field("string", it, en, text, **{"default": "", **more})


_STEP: Final = {
    "name": _text("Nome", "Name", "What the action is called; otherwise its kind."),
    "kind": _field("string", "Tipo", "Kind", "Code of the kind of action.", required=True, example="phone"),
    "role": _text("Ruolo", "Role", "Who does it: seller, owner, lead, starter, manager, or a code of agenda.roles."),
    "person": _text("Persona", "Person", "The login of who does it, instead of a role."),
    "offset": _field("integer", "Giorni", "Days", "How many days after the anchor it is due.", default=0),
    "unit": _text("Unità", "Unit", "Working or calendar days.", default="working", allowed=["working", "calendar"]),
    "roll": _text("Slittamento", "Roll", "Forward: on to the next working day.", allowed=["", "forward"]),
    "anchor": _text(
        "Da quando", "Anchor", "From the start, previous_done, or field:<date>.", default="start", regex="start|previous_done|field:.+"
    ),
    "script": _text("Script", "Script", "What to say, with placeholders such as {account.name}."),
    "mandatory": _field("boolean", "Obbligatoria", "Mandatory", "Whether the objective needs it.", default=True),
    "priority": _field("integer", "Priorità", "Priority", "The higher, the more urgent.", default=0),
    "at": _text("Ora", "Time", "Local time of an appointment; empty for a to-do.", regex=r"|([01]\d|2[0-3]):[0-5]\d"),
    "minutes": _field("integer", "Minuti", "Minutes", "How long; otherwise that of the kind.", nullable=True, default=None, min=1),
}
_DUNNING: Final = {
    "days": _field("integer", "Giorni", "Days", "From how many days on.", default=0, min=0),
    **{name: _STEP[name] for name in ("name", "kind", "role", "person", "script", "priority", "at", "minutes")},
}


def _steps(schema: Mapping[str, Any], text: str, *, required: bool = True) -> dict[str, Any]:
    more = {"required": True, "minlength": 1, "example": [{"kind": "phone"}]} if required else {"default": []}
    return _field("list", "Passi", "Steps", text, schema={"type": "dict", "schema": dict(schema)}, **more)


_LEAD: Final = {
    "title": _text("Titolo", "Title", "The title, with placeholders.", default="{account.name}"),
    "role": _text("Ruolo", "Role", "Who owns it.", default="seller"),
    "person": _text("Persona", "Person", "The login of its owner, instead of a role."),
    "value": _text("Valore", "Value", "A rule that gives the value, such as decimal(event.taxable)."),
    "probability": _text("Probabilità", "Probability", "A rule that gives the probability."),
    "of": _text("Della regola", "Of rule", "Code of the rule that opened it: no lead is opened then, and that of the record follows it."),
    "outcome": _text("Esito", "Outcome", "With `of`: a rule that gives won, lost or nothing, such as 'won' if event.confirmed else ''."),
    "party": _text("Parte", "Party", "Customer or supplier.", default="customer", allowed=["customer", "supplier"]),
}

GROUPS: Final = Configurable(
    name="agenda.groups",
    label=Label("Gruppi di attività", "Activity groups"),
    help="Groups of kinds of action, by which activity is analysed.",
    fields={**_LABEL, **_OBSOLETE},
    store=Rows(entity=ActivityGroup, columns=(Text("label"), Plain("obsolete")), owner="owner"),
)
KINDS: Final = Configurable(
    name="agenda.kinds",
    label=Label("Tipi di azione", "Kinds of action"),
    help="What kinds of action there are, and which contact each leaves in the history.",
    fields={
        **_LABEL,
        "interaction": _text("Contatto", "Contact", "Kind of interaction that closing one writes; empty for none."),
        "minutes": _field("integer", "Minuti", "Minutes", "How long an appointment lasts.", default=60, min=1),
        "group": _field("string", "Gruppo", "Group", "Its activity group.", nullable=True, default=None),
        **_OBSOLETE,
    },
    store=Rows(
        entity=Kind,
        columns=(Text("label"), Plain("interaction"), Plain("minutes"), Plain("obsolete")),
        references=(Refer(field="group", column="group_id", to=ActivityGroup),),
        owner="owner",
    ),
    references={"group": "agenda.groups"},
)
BANDS: Final = Configurable(
    name="agenda.bands",
    label=Label("Colori del ritardo", "Colours of lateness"),
    help="The colour of what is at least so many working days late.",
    fields={
        **_LABEL,
        "from_days": _field("integer", "Da giorni", "From days", "Working days.", required=True, min=0, example=1),
        "colour": _field("string", "Colore", "Colour", "Such as #40c057.", required=True, example="#40c057"),
    },
    store=Rows(entity=Band, columns=(Text("label"), Plain("from_days"), Plain("colour")), owner="owner"),
)
ROLES: Final = Configurable(
    name="agenda.roles",
    label=Label("Ruoli", "Roles"),
    help="Roles that steps are for, and who has each.",
    fields={**_LABEL, "assignee": _field("string", "Incaricato", "Assignee", "Login of who has it.", required=True, example="anna")},
    store=Rows(entity=Role, columns=(Text("label"), Plain("assignee")), owner="owner"),
)
RESOURCES: Final = Configurable(
    name="agenda.resources",
    label=Label("Risorse", "Resources"),
    help="Rooms, cars and devices that appointments take up.",
    fields={
        **_LABEL,
        "allow_overlap": _field("boolean", "Sovrapposizioni", "Overlaps", "Whether several may take it at once.", default=False),
        **_OBSOLETE,
    },
    store=Rows(entity=Resource, columns=(Text("label"), Plain("allow_overlap"), Plain("obsolete")), owner="owner"),
)
TEMPLATES: Final = Configurable(
    name="agenda.templates",
    label=Label("Template di azioni", "Action templates"),
    help="Sequences of actions.",
    fields={**_LABEL, "steps": _steps(_STEP, "The actions, in order."), **_OBSOLETE},
    store=Rows(entity=ActionTemplate, columns=(Text("label"), Plain("steps"), Plain("obsolete")), owner="owner"),
    after=("agenda.kinds",),
)


def check_rules(session: Session, scene: Scene) -> Iterator[Finding]:
    """Yield the rules whose events are not listened to, or whose scripts are not well."""
    listened = set(setting(session, "trigger_events"))
    for key, item in scene.after.get("agenda.rules", {}).items():
        event = item.values["event"]
        if event not in scene.registry.events:
            yield Finding(key=key, field="event", reason=Label(f"l'evento {event} non esiste", f"there is no event {event}"))
        elif event not in listened:
            reason = Label("aggiungi l'evento a trigger_events nelle impostazioni", "add the event to trigger_events in the settings")
            yield Finding(key=key, field="event", reason=reason)
        lead = item.values["lead"] or {}
        if lead.get("of") and (lead["of"],) not in scene.after.get("agenda.rules", {}):
            reason = Label(f"la regola {lead['of']} non esiste", f"there is no rule {lead['of']}")
            yield Finding(key=key, field="lead", reason=reason)
        sources = (("condition", item.values["condition"]), *(("lead", lead.get(name)) for name in ("value", "probability", "outcome")))
        for field, source in sources:
            try:
                if source:
                    session.crm.rules.check(source, INPUTS)
            except ScriptError as error:
                yield Finding(key=key, field=field, reason=error.text)


def warn_of_cycles(session: Session, steps: Sequence[Step], scene: Scene) -> Iterator[Effect]:
    """Yield the circles of rules that set each other off: the core stops them, but nobody means them."""
    del session, steps
    rules = {key[-1]: item.values for key, item in scene.after.get("agenda.rules", {}).items()}
    for cycle in cycles_of(rules):
        chain = " → ".join((*cycle, cycle[0]))
        text = Label(f"regole che si richiamano: {chain}", f"rules that set each other off: {chain}")
        yield Effect(collection="agenda.rules", key=(cycle[0],), text=text, count=len(cycle))


RULES: Final = Configurable(
    name="agenda.rules",
    label=Label("Automatismi", "Trigger rules"),
    help="What follows from an event: a lead, delayed actions, a template.",
    fields={
        **_LABEL,
        "event": _field("string", "Evento", "Event", "The type of the event.", required=True, example="account.created"),
        "condition": _text("Condizione", "Condition", "A rule over event, record, account and today; empty for always."),
        "record": _text("Record", "Record", "What it is about, as <entity>:<field of the event>; empty for the record of the event."),
        "account": _text("Anagrafica", "Account", "Field of the event or the record that holds the account.", default="account_id"),
        "once": _text("Una volta", "Once", "For each record, or for each event of it.", default="record", allowed=["record", "event"]),
        "debounce_minutes": _field("integer", "Minuti di quiete", "Minutes of rest", "After firing, not again.", default=0, min=0),
        "lead": _field("dict", "Trattativa", "Lead", "The lead to open.", default={}, schema=_LEAD),
        "actions": _steps(_STEP, "The actions to make.", required=False),
        "template": _text("Template", "Template", "The template to start."),
        **_ACTIVE,
        **_OBSOLETE,
    },
    store=Rows(
        entity=TriggerRule,
        columns=(
            Text("label"),
            *(
                Plain(name)
                for name in (
                    "event",
                    "condition",
                    "record",
                    "account",
                    "once",
                    "debounce_minutes",
                    "lead",
                    "actions",
                    "template",
                    "active",
                    "obsolete",
                )
            ),
        ),
        owner="owner",
    ),
    after=("agenda.kinds", "agenda.templates"),
    check=check_rules,
    effects=warn_of_cycles,
)
RECURRING: Final = Configurable(
    name="agenda.recurring",
    label=Label("Attività ricorrenti", "Recurring activities"),
    help="Who was not contacted for too long, and what feeds of other plugins say is due.",
    fields={
        **_LABEL,
        "feed": _text("Alimentazione", "Feed", "The feed of a plugin; empty for the last contact."),
        "months": _field("integer", "Mesi", "Months", "How long without a contact is allowed.", default=3, min=1),
        "interactions": _field("list", "Contatti", "Contacts", "Kinds of interaction that count.", default=[], schema={"type": "string"}),
        "accounts": _field("dict", "Anagrafiche", "Accounts", "A filter; empty for all.", default={}, allow_unknown=True),
        "minimum": _text("Minimo", "Minimum", "Amounts of a feed below this are left alone.", default="0"),
        "steps": _steps(_DUNNING, "What to do from how many days on; the last that fits counts."),
        **_ACTIVE,
        **_OBSOLETE,
    },
    store=Rows(
        entity=Recurring,
        columns=(
            Text("label"),
            *(Plain(name) for name in ("feed", "months", "interactions", "accounts", "minimum", "steps", "active", "obsolete")),
        ),
        owner="owner",
    ),
    after=("agenda.kinds",),
)
CONFIGURABLES: Final = (GROUPS, KINDS, BANDS, ROLES, RESOURCES, TEMPLATES, RULES, RECURRING)


def _named(it: str, en: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - fields of any kind
    return {"label": {"it": it, "en": en}, **more}


BROUGHT: Final = (
    Configured(
        collection="agenda.kinds",
        items={
            "phone": _named("Telefonata", "Phone call", interaction="phone", minutes=15),
            "email": _named("E-mail", "E-mail", interaction="email", minutes=15),
            "pec": _named("PEC", "Certified e-mail", interaction="email", minutes=15),
            "visit": _named("Visita", "Visit", interaction="visit"),
            "meeting": _named("Riunione", "Meeting"),
            "quote": _named("Preventivo", "Quote"),
            "mailing": _named("Invio materiale", "Mailing"),
            "feedback": _named("Feedback", "Feedback", interaction="phone", minutes=15),
            "memo": _named("Memo", "Memo"),
            "task": _named("Compito", "Task"),
        },
    ),
    Configured(
        collection="agenda.bands",
        items={
            "green": _named("In tempo", "In time", from_days=0, colour="#40c057"),
            "yellow": _named("In ritardo", "Late", from_days=1, colour="#fab005"),
            "orange": _named("Molto in ritardo", "Very late", from_days=3, colour="#fd7e14"),
            "red": _named("Fuori tempo", "Far too late", from_days=6, colour="#fa5252"),
        },
    ),
)
