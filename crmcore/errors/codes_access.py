"""Codes of users, profiles and what exists for whom."""

from __future__ import annotations

from typing import Final

from crmcore.errors.code import ErrorCode

ACCESS: Final = (
    ErrorCode(
        "USER_UNKNOWN",
        "there is no user {login!r}",
        "non esiste l'utente {login!r}",
        "Since there is a first user, only users work here. Create this one, or correct the login.",
    ),
    ErrorCode(
        "USER_BLOCKED",
        "user {login!r} is blocked",
        "l'utente {login!r} è bloccato",
        "An administrator has blocked this user: nothing is read or written, also in sessions that are open (I-26).",
    ),
    ErrorCode(
        "ACCESS_DENIED",
        "{entity} {id} is outside of what {login!r} may see, or would be",
        "{entity} {id} è fuori da ciò che {login!r} può vedere, o lo diventerebbe",
        "What does not exist for a user is not changed by that user, and nothing is handed over to others past one's own scope.",
    ),
    ErrorCode(
        "ACCESS_HOSTED",
        "user {login!r} is limited, and cannot work on a host's connection to SQLite",
        "l'utente {login!r} ha limiti, e non può lavorare su una connessione SQLite altrui",
        "SQLite guards connections, and the host's is not ours to guard. Give the Crm the URL or the engine, or use PostgreSQL.",
    ),
    ErrorCode(
        "ACCESS_GUARD_MISSING",
        "the guard of this database is not installed: {reason}",
        "la protezione di questo database non è installata: {reason}",
        "Run `crm migrate` as a role with CREATEROLE, or let an administrator run `CREATE ROLE crmcore_guarded NOLOGIN` and grant it.",
    ),
    ErrorCode(
        "ACCESS_SCOPE_INVALID",
        "{where}: {value} is no scope; expected {expected}",
        "{where}: {value} non è un ambito; atteso {expected}",
        "A scope is a mapping with `kind`, and with `target`, `from` and `to` where they apply.",
    ),
    ErrorCode(
        "ACCESS_TARGET_UNKNOWN",
        "{where}: there is no {kind} with code {target!r}",
        "{where}: non esiste {kind} con codice {target!r}",
        "The target of a scope is the code of a salesperson, zone or portfolio that exists.",
    ),
    ErrorCode(
        "ACCESS_FUNCTION_UNKNOWN",
        "{where}: there is no function {function!r}",
        "{where}: non esiste la funzione {function!r}",
        "`crm access functions` lists them; `part.*` is a whole part, `*` everything.",
    ),
    ErrorCode(
        "ACCESS_MASK_INVALID",
        "{where}: {value} is no mask; expected {expected}",
        "{where}: {value} non è una maschera; atteso {expected}",
        "A mask maps an entity to lists of its fields under `hidden` and `readonly`.",
    ),
    ErrorCode(
        "FUNCTION_NOT_GRANTED",
        "function {function!r} is not granted by profile {profile!r}",
        "la funzione {function!r} non è concessa dal profilo {profile!r}",
        "The profile of the user does not include this. An administrator may change the profile.",
    ),
    ErrorCode(
        "FIELD_NOT_GRANTED",
        "field {field!r} of {entity} is not for profile {profile!r} to write",
        "il campo {field!r} di {entity} non è scrivibile con il profilo {profile!r}",
        "The mask of the profile makes this field read-only or hides it.",
    ),
    ErrorCode(
        "FIELD_HIDDEN",
        "field {field!r} of {entity} is hidden by profile {profile!r}",
        "il campo {field!r} di {entity} è nascosto dal profilo {profile!r}",
        "What was asked for would tell of the field. Leave it out, or let an administrator change the mask of the profile.",
    ),
    ErrorCode(
        "ADMINISTRATOR_NEEDED",
        "users, profiles and groups are changed by administrators only",
        "utenti, profili e gruppi sono modificati solo dagli amministratori",
        "Ask an administrator.",
    ),
    ErrorCode(
        "LAST_ADMINISTRATOR",
        "user {login!r} is the last active administrator",
        "l'utente {login!r} è l'ultimo amministratore attivo",
        "Make somebody else an administrator first: nobody could unblock anybody (I-29).",
    ),
    ErrorCode(
        "ACCESS_ENTITY_UNKNOWN",
        "there is no entity {entity!r}; there are {known}",
        "non esiste l'entità {entity!r}; esistono {known}",
        "Entities are named by their tables: `account`, `person`, `interaction`.",
    ),
    ErrorCode(
        "ACCESS_VERB_UNKNOWN",
        "there is no verb {verb!r}; there are {known}",
        "non esiste il verbo {verb!r}; esistono {known}",
        "Functions are of a part of the system and one of these verbs.",
    ),
    ErrorCode(
        "SUPERVISOR_RING",
        "user {login!r} would be their own supervisor",
        "l'utente {login!r} sarebbe supervisore di se stesso",
        "Supervisors form a tree.",
    ),
)
