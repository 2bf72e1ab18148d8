"""Codes of the registry: accounts, portfolios, sites, people, consents, contact history and lookup tables."""

from __future__ import annotations

from typing import Final

from crmcore.errors.code import ErrorCode

ACCOUNTS: Final = (
    ErrorCode(
        "ACCOUNT_NO_PORTFOLIO",
        "account {name!r} has no portfolio in the first business unit",
        "l'anagrafica {name!r} non ha il portafoglio primario",
        "Give `portfolio=…`, or leave `primary_portfolio` out of the setting `required_account_fields` of the core (I-1).",
    ),
    ErrorCode(
        "ACCOUNT_NO_LEGAL_SITE",
        "company {name!r} has no legal site",
        "l'azienda {name!r} non ha una sede legale",
        "A company has exactly one legal site (I-8). Where the first was given, it may be replaced in the same commit, not taken away.",
    ),
    ErrorCode(
        "ACCOUNT_LEGAL_SITES",
        "company {name!r} has {count} legal sites instead of one",
        "l'azienda {name!r} ha {count} sedi legali invece di una",
        "Give the other sites another kind: operative, delivery or billing (I-8).",
    ),
    ErrorCode(
        "ACCOUNT_MERGED",
        "account {id} was merged into {survivor}: nothing is written to it",
        "l'anagrafica {id} è stata unita alla {survivor}: non vi si scrive più nulla",
        "Work on the survivor: `session.accounts.get` leads there from the old id, uid and external keys (I-5).",
    ),
    ErrorCode(
        "ACCOUNT_BLOCKED",
        "account {name!r} is blocked: it takes history, and no new documents",
        "l'anagrafica {name!r} è bloccata: accetta storico, ma non nuovi documenti",
        "Its state has the flag `blocked` (I-6). Change the state first.",
    ),
    ErrorCode(
        "ACCOUNT_PRIVATE",
        "only the owner of account {name!r} ({owner}) may make it private or public, or give it to somebody else while it is private",
        "solo il titolare dell'anagrafica {name!r} ({owner}) può renderla privata o pubblica, o cederla finché è privata",
        "Ask the owner, or let a system actor do it (I-7).",
    ),
    ErrorCode(
        "TAX_CODE_INVALID",
        "{field} {value!r} of account {name!r} is not {expected}",
        "{field} {value!r} dell'anagrafica {name!r} non è {expected}",
        "Codes are text with all their leading zeros (I-4). A foreign VAT code starts with the two letters of its country.",
    ),
    ErrorCode(
        "TAX_CODE_REPEATED",
        "{field} {value!r} of account {id} is also that of {others}",
        "{field} {value!r} dell'anagrafica {id} è anche di {others}",
        "Look whether they are one firm. It is only a warning, unless the core's setting `unique_tax_codes` is `error` (I-4).",
    ),
    ErrorCode(
        "FIELD_UNKNOWN",
        "{entity} has no field {field!r}{hint}",
        "{entity} non ha un campo {field!r}{hint}",
        "Correct the name. Portfolios, roles, sites, people and consents have functions of their own.",
    ),
    ErrorCode(
        "CODE_UNKNOWN",
        "there is no {what} {code!r}",
        "non esiste {what} {code!r}",
        "Correct the code, or add it to the table first.",
    ),
    ErrorCode(
        "CODE_OBSOLETE",
        "{what} {code!r} is obsolete: it stays on old records, and is not given to new ones",
        "{what} {code!r} è obsoleto: resta sulle schede vecchie e non si assegna a quelle nuove",
        "Choose another one, or take the mark away.",
    ),
    ErrorCode(
        "ADDRESS_UNVERIFIED",
        "province, postcode and ISTAT code of site {site} do not fit together: {raw}",
        "provincia, CAP e codice ISTAT della sede {site} non concordano: {raw}",
        "Correct the address, or clear `address_unverified` when it is right as it is (I-9).",
    ),
    ErrorCode(
        "EXTERNAL_KEY_TAKEN",
        "key {key!r} of {source} is that of {entity} {id}",
        "la chiave {key!r} di {source} è già di {entity} {id}",
        "One key is one record (I-20). Look whether the two are one firm, and merge them.",
    ),
    ErrorCode(
        "PERSON_ELSEWHERE",
        "{entity} of account {account} refers to {what} {id}, which belongs to another account",
        "{entity} dell'anagrafica {account} si riferisce a {what} {id}, che appartiene a un'altra",
        "People and sites belong to one account; what refers to them belongs to the same. For another account use a relation.",
    ),
)

PORTFOLIOS: Final = (
    ErrorCode(
        "PORTFOLIO_CYCLE",
        "portfolio {code!r} cannot lie below itself",
        "il portafoglio {code!r} non può stare sotto se stesso",
        "Choose a parent that is not in its own subtree (I-3).",
    ),
    ErrorCode(
        "PORTFOLIO_UNIT",
        "portfolio {code!r} is not in business unit {unit}",
        "il portafoglio {code!r} non è dell'unità di business {unit}",
        "A portfolio stays in its business unit, with its parent and its children, and is given to accounts for that unit only (I-2).",
    ),
    ErrorCode(
        "PORTFOLIO_IN_USE",
        "{what} {code!r} is in use: it can only be made obsolete",
        "{what} {code!r} è in uso: si può soltanto rendere obsoleto",
        "Set `obsolete`: it stays on the accounts that have it (I-3).",
    ),
    ErrorCode(
        "PORTFOLIO_TOO_DEEP",
        "portfolio {code!r} would lie {levels} levels deep, which no index can hold",
        "il portafoglio {code!r} starebbe a {levels} livelli di profondità, più di quanti un indice possa contenere",
        "There is no limit but that of the database: some 400 levels.",
    ),
)

PEOPLE: Final = (
    ErrorCode(
        "CONSENT_FIXED",
        "a consent is never changed or deleted",
        "un consenso non si modifica e non si cancella",
        "Record a new one, or a revocation: the last one counts (I-11).",
    ),
    ErrorCode(
        "CONSENT_NO_PROOF",
        "a consent to {purpose} by {channel} needs a proof",
        "un consenso a {purpose} via {channel} richiede una prova",
        "Say how it can be shown: a form, a recording, a log line. A revocation needs none (I-11).",
    ),
    ErrorCode(
        "CONSENT_MISSING",
        "there is no consent to {purpose} by {channel}",
        "manca il consenso a {purpose} via {channel}",
        "Marketing needs a valid consent beside the preference (I-10).",
    ),
    ErrorCode(
        "CONSENT_REVOKED",
        "the consent to {purpose} by {channel} was revoked on {at}",
        "il consenso a {purpose} via {channel} è stato revocato il {at}",
        "Do not write; only the person can give it again (I-10).",
    ),
    ErrorCode(
        "PREFERENCE_MISSING",
        "person {person} did not say yes to {purpose} by {channel}",
        "la persona {person} non ha detto sì a {purpose} via {channel}",
        "Set the preference if the person wants it (I-10).",
    ),
    ErrorCode(
        "PREFERENCE_REFUSED",
        "person {person} does not want {purpose} by {channel}",
        "la persona {person} non vuole {purpose} via {channel}",
        "Respect it (I-10).",
    ),
    ErrorCode(
        "ADDRESS_MISSING",
        "there is no address for {channel}",
        "manca un recapito per {channel}",
        "Add a contact point (I-10).",
    ),
    ErrorCode(
        "ADDRESS_BOUNCED",
        "every address for {channel} sends messages back",
        "tutti i recapiti per {channel} respingono i messaggi",
        "Correct the address, or clear `bounced_at` when it works again (I-10).",
    ),
    ErrorCode(
        "PERSON_DISABLED",
        "person {person} is disabled",
        "la persona {person} è disattivata",
        "People who left keep their history, and get nothing new.",
    ),
)

HISTORY: Final = (
    ErrorCode(
        "INTERACTION_FIXED",
        "an entry of the contact history is never changed or deleted",
        "una voce dello storico contatti non si modifica e non si cancella",
        "Use `session.interactions.correct`: it adds a new version (I-70).",
    ),
    ErrorCode(
        "INTERACTION_REPLACED",
        "entry {id} of the contact history was already corrected",
        "la voce {id} dello storico contatti è già stata corretta",
        "Correct the newest version (I-70).",
    ),
    ErrorCode(
        "INTERACTION_AUTHOR",
        "{actor} cannot write the contact history in the name of {author}",
        "{actor} non può scrivere lo storico contatti a nome di {author}",
        "Leave the author out. Imports and system actors may name one.",
    ),
)

LOOKUPS: Final = (
    ErrorCode(
        "LOOKUP_LEVEL",
        "entry {code!r} cannot lie below {parent!r}: a lookup table has three levels",
        "la voce {code!r} non può stare sotto {parent!r}: una tabella ha tre livelli",
        "Put it at a higher level, or into another table.",
    ),
    ErrorCode(
        "LOOKUP_TABLE_OTHER",
        "entry {code!r} and its parent {parent!r} are in different tables",
        "la voce {code!r} e la voce superiore {parent!r} sono di tabelle diverse",
        "Choose a parent of the same table.",
    ),
    ErrorCode(
        "LOOKUP_FIXED",
        "code and place of lookup entry {path!r} never change: old records refer to them",
        "codice e posizione della voce {path!r} non cambiano mai: le schede vecchie vi si riferiscono",
        "Change its labels, or make it obsolete and add a new one.",
    ),
    ErrorCode(
        "LOOKUP_KEPT",
        "lookup entry {path!r} cannot be deleted, only made obsolete",
        "la voce {path!r} non si può cancellare, soltanto rendere obsoleta",
        "An obsolete entry is not offered any more, and stays readable on old records.",
    ),
)

REGISTRY: Final = (*ACCOUNTS, *PORTFOLIOS, *PEOPLE, *HISTORY, *LOOKUPS)
"""Every code of this subject."""
