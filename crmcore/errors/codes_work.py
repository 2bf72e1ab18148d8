"""Error codes of sessions, commits, events and the queue."""

from typing import Final

from crmcore.errors.code import ErrorCode

WORK: Final = (
    ErrorCode(
        "STALE_VERSION",
        "{entity} {id} was changed by somebody else meanwhile",
        "{entity} {id} è stato modificato da qualcun altro nel frattempo",
        "Read the record again and repeat the change. Nothing of this commit was written.",
    ),
    ErrorCode(
        "VALIDATION_FAILED",
        "the change was refused: {count} problem(s)",
        "la modifica è stata rifiutata: {count} problemi",
        "Every problem is listed with its field, value and expectation. Nothing was written.",
    ),
    ErrorCode(
        "CONSTRAINT_VIOLATED",
        "the database refused the change: {reason}",
        "il database ha rifiutato la modifica: {reason}",
        "A unique key, a foreign key or a check of the database does not hold. Nothing was written.",
    ),
    ErrorCode(
        "WRITE_CONFLICT",
        "the transaction met another one and was rolled back: {reason}",
        "la transazione ne ha incontrata un'altra ed è stata annullata: {reason}",
        "A deadlock or serialisation failure. Repeat the work in a new session.",
    ),
    ErrorCode(
        "VALUE_MISSING",
        "{entity}.{field} is required",
        "{entity}.{field} è obbligatorio",
        "Give a value, or relax the requirement in the deployment where it allows that.",
    ),
    ErrorCode(
        "VALUE_INVALID",
        "{entity}.{field}: {value!r} is not valid, expected {expected}",
        "{entity}.{field}: {value!r} non è valido, atteso {expected}",
        "The value does not fit the type or the rules of the field.",
    ),
    ErrorCode(
        "CHARACTERISTIC_UNKNOWN",
        "{entity} has no characteristic {key!r}{hint}",
        "{entity} non ha la caratteristica {key!r}{hint}",
        "Define the characteristic first, in the deployment or in a plugin.",
    ),
    ErrorCode(
        "ENTITY_NOT_ENABLED",
        "{entity} belongs to a plugin that is not enabled here",
        "{entity} appartiene a un plugin che qui non è abilitato",
        "Enable the plugin in the deployment before writing its records.",
    ),
    ErrorCode(
        "NOT_FOUND",
        "{entity} {id} does not exist",
        "{entity} {id} non esiste",
        "The record does not exist, or the actor may not see it: the two look the same on purpose.",
    ),
    ErrorCode(
        "DIRECT_WRITE_REFUSED",
        "{statement} on {table} goes around history, events and versions",
        "{statement} su {table} aggira storia, eventi e versioni",
        "Change records through the session. Tables that only machines write may set `__audited__ = False`.",
    ),
    ErrorCode(
        "SESSION_CLOSED",
        "the session is closed",
        "la sessione è chiusa",
        "Open a new one with `crm.session(actor)`.",
    ),
    ErrorCode(
        "CRM_CLOSED",
        "this Crm is closed",
        "questo Crm è chiuso",
        "Open a new one with `Crm.open(…)`.",
    ),
    ErrorCode(
        "HOST_CONNECTION",
        "this Crm lives on a host's connection, a worker needs transactions of its own",
        "questo Crm vive sulla connessione di un host, un worker ha bisogno di transazioni proprie",
        "Open a second Crm on the host's engine or on the database's URL, and take the worker from that.",
    ),
    ErrorCode(
        "ACTOR_INVALID",
        "{actor!r} is not an actor: {reason}",
        "{actor!r} non è un attore: {reason}",
        "Pass the login of a user, or `Actor.system(name)` for work without one.",
    ),
    ErrorCode(
        "EVENT_UNDECLARED",
        "event {type!r} is not declared by an enabled plugin",
        "l'evento {type!r} non è dichiarato da un plugin abilitato",
        "Return its class from `crm_events`.",
    ),
    ErrorCode(
        "EVENT_UNREADABLE",
        "event {event_id} of type {type!r} version {version} cannot be read: {reason}",
        "l'evento {event_id} di tipo {type!r} versione {version} non è leggibile: {reason}",
        "It was written by another version of the plugin: give the class an `upcast` for that version.",
    ),
    ErrorCode(
        "JOB_UNKNOWN",
        "job {name!r} is not declared by an enabled plugin{hint}",
        "il lavoro {name!r} non è dichiarato da un plugin abilitato{hint}",
        "Return it from `crm_jobs`, or enable its plugin.",
    ),
    ErrorCode(
        "JOB_ARGUMENTS",
        "arguments of job {name!r} are not JSON: {reason}",
        "gli argomenti del lavoro {name!r} non sono JSON: {reason}",
        "Pass text, numbers, booleans, lists and mappings; ids rather than records.",
    ),
    ErrorCode(
        "JOB_NOT_DEAD",
        "job {id} is {state}, only dead jobs can be retried",
        "il lavoro {id} è {state}, solo quelli falliti possono essere ritentati",
        "`crm jobs list --state dead` shows what can be retried.",
    ),
    ErrorCode(
        "LEASE_LOST",
        "worker {worker} lost its lease on job {id}; its effects were rolled back",
        "il worker {worker} ha perso la prenotazione del lavoro {id}; i suoi effetti sono stati annullati",
        "The job took longer than its lease without a heartbeat, and another worker took it over. Raise the lease of the job.",
    ),
    ErrorCode(
        "CALENDAR_RANGE",
        "no working day found within {days} days of {start}",
        "nessun giorno lavorativo entro {days} giorni da {start}",
        "The working calendar closes everything: check closures in the deployment.",
    ),
    ErrorCode(
        "DEPLOYMENT_EXISTS",
        "{path} already holds a deployment",
        "{path} contiene già un'installazione",
        "Choose an empty folder, or edit the deployment that is there.",
    ),
    ErrorCode(
        "SECRET_MISSING",
        "{place}: secret {reference!r} is not available",
        "{place}: il segreto {reference!r} non è disponibile",
        "Set the environment variable, or create the file that the reference names.",
    ),
    ErrorCode(
        "SECRET_REFUSED",
        "{place}: {path} is not a secret, references like {reference!r} are not allowed there",
        "{place}: {path} non è un segreto, riferimenti come {reference!r} non vi sono ammessi",
        "Only keys that their schema marks as secret may take values from the environment or from files.",
    ),
)
