"""What the plugin refuses, and in which words."""

from __future__ import annotations

from typing import Final

from crmcore import ErrorCode, Problem, ValidationFailed

CODES: Final = (
    ErrorCode(
        "AGENDA_ACTION_CLOSED",
        "action {id} is closed and does not change any more ({fields})",
        "l'azione {id} è chiusa e non cambia più ({fields})",
        "Make a new action that says what is to be corrected.",
    ),
    ErrorCode(
        "AGENDA_OUTCOME_MISSING",
        "action {title} cannot be closed without an outcome",
        "l'azione {title} non si chiude senza un esito",
        "Say in a few words what came of it.",
    ),
    ErrorCode(
        "AGENDA_STATE_MISMATCH",
        "{entity} {id} is in state {state}, which does not go with what else it says",
        "{entity} {id} è nello stato {state}, che non va d'accordo con il resto",
        "Close and cancel with the functions of the agenda, not by changing the state alone.",
    ),
    ErrorCode(
        "AGENDA_USER_UNKNOWN",
        "there is no active user {login}, who should get the action {title}",
        "non esiste un utente attivo {login} a cui dare l'azione {title}",
        "Choose somebody else, or unblock the user.",
    ),
    ErrorCode(
        "AGENDA_NOT_YOURS",
        "whether the agenda of {login} is shared is for {login} to say",
        "se l'agenda di {login} è condivisa lo dice {login}",
        "Ask that user, or somebody with the permission `agenda.share`.",
    ),
    ErrorCode(
        "AGENDA_NOT_DELEGATED",
        "action {id} is not delegated to {login}",
        "l'azione {id} non è delegata a {login}",
        "Only who was given an action may refuse it, and only while it is open.",
    ),
    ErrorCode(
        "AGENDA_PERIOD",
        "{value} is no period, expected a year, a quarter or a month such as 2026, 2026-Q3 or 2026-09",
        "{value} non è un periodo, atteso un anno, un trimestre o un mese come 2026, 2026-Q3 o 2026-09",
        "Write the period in one of these forms.",
    ),
    ErrorCode(
        "AGENDA_TIMES",
        "the appointment {title} ends before it begins",
        "l'appuntamento {title} finisce prima di cominciare",
        "Correct the duration.",
    ),
    ErrorCode(
        "AGENDA_RESOURCE_BUSY",
        "{resource} is taken from {start} to {end}",
        "{resource} è occupata dalle {start} alle {end}",
        "Choose another time or resource, or allow overlaps for this one.",
    ),
    ErrorCode(
        "AGENDA_CODE_UNKNOWN",
        "there is no {what} {code}",
        "non esiste {what} {code}",
        "See the collections of the agenda in the configuration for what there is.",
    ),
    ErrorCode(
        "AGENDA_ROLE_EMPTY",
        "nobody has the role {role}, which step {step} of {template} is for",
        "nessuno ha il ruolo {role}, a cui spetta il passo {step} di {template}",
        "Give the role to somebody in the configuration, or name a person in the step.",
    ),
    ErrorCode(
        "AGENDA_ANCHOR_MISSING",
        "step {step} of {template} counts from {field}, which has no date",
        "il passo {step} di {template} si conta da {field}, che non ha una data",
        "Fill the date, or pass it when the template is started.",
    ),
    ErrorCode(
        "AGENDA_RULE_FAILED",
        "rule {rule} could not look at event {event}: {reason}",
        "la regola {rule} non ha potuto esaminare l'evento {event}: {reason}",
        "Correct the rule, try it with `crm rules dry-run`, and retry the dead letter.",
    ),
)


def refuse(code: str, about: str | None = None, /, **params: object) -> ValidationFailed:
    """Return the refusal with one problem of the plugin, with its text."""
    return ValidationFailed("VALIDATION_FAILED", [problem(code, about, **params)])


def problem(code: str, about: str | None = None, /, **params: object) -> Problem:
    """Return a problem of the plugin, with its text."""
    return Problem(code=code, plugin="agenda", object=about, params=params, template=_BY_CODE[code])


_BY_CODE: Final = {each.code: each for each in CODES}
