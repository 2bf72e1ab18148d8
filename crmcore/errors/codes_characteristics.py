"""Codes of characteristics, their definitions and their values."""

from __future__ import annotations

from typing import Final

from crmcore.errors.code import ErrorCode

CHARACTERISTICS: Final = (
    ErrorCode(
        "CHARACTERISTIC_READ_ONLY",
        "{key!r} of {entity} is read-only: only rules and events write it",
        "{key!r} di {entity} è in sola lettura: la scrivono solo regole ed eventi",
        "People and imports cannot set a read-only characteristic (I-13). Handlers use `session.characteristics.set_automatic`.",
    ),
    ErrorCode(
        "CHARACTERISTIC_COMPUTED",
        "{key!r} of {entity} is computed, and cannot be set",
        "{key!r} di {entity} è calcolata, e non si può impostare",
        "Change the characteristics that it depends on (I-13).",
    ),
    ErrorCode(
        "CHARACTERISTIC_GROUP",
        "{key!r} of {entity} may be changed by {groups} only",
        "{key!r} di {entity} può essere modificata solo da {groups}",
        "The definition names the groups; the actor is in none of them.",
    ),
    ErrorCode(
        "CHARACTERISTIC_OBSOLETE",
        "{key!r} of {entity} is obsolete and takes no new values",
        "{key!r} di {entity} è obsoleta e non accetta nuovi valori",
        "Its old values stay readable. Take the mark away with `session.characteristics.restore`, or use another characteristic.",
    ),
    ErrorCode(
        "CHARACTERISTIC_OUT_OF_SCOPE",
        "{key!r} does not exist for {entity} {id}: it is for {scope}",
        "{key!r} non esiste per {entity} {id}: vale per {scope}",
        "The definition is bound to a portfolio or a business unit (I-15). Outside, a value is hidden and cannot be written.",
    ),
    ErrorCode(
        "CHARACTERISTIC_MISSING",
        "{entity} {id} needs a value of {key!r} ({label})",
        "{entity} {id}: manca il valore obbligatorio di {key!r} ({label})",
        "The characteristic is mandatory: give it with the record; it can be changed later, not taken away.",
    ),
    ErrorCode(
        "CHARACTERISTIC_TARGET",
        "{key!r} of {entity} {id}: there is no {target} {value!r}",
        "{key!r} di {entity} {id}: non esiste {target} {value!r}",
        "A reference needs a record that exists, a three-level value an entry of its table that is not obsolete.",
    ),
    ErrorCode(
        "CHARACTERISTIC_SOURCE",
        "{source!r} is no source of an automatic value",
        "{source!r} non è l'origine di un valore automatico",
        "A source is `rule:` with the id of the rule, or `event:` with the type of the event.",
    ),
    ErrorCode(
        "CHARACTERISTIC_FIXED",
        "{what} of characteristic {key!r} of {entity} cannot be changed in this way",
        "{what} della caratteristica {key!r} di {entity} non si può cambiare così",
        "Entity and key never change. The type changes with `session.characteristics.plan_type_change` and `apply_type_change` (I-12).",
    ),
    ErrorCode(
        "CHARACTERISTIC_CHOICE_REMOVED",
        "choice {choice!r} of {key!r} cannot be removed",
        "la scelta {choice!r} di {key!r} non si può togliere",
        "Mark it as obsolete: it is not offered any more, and stays readable on old records.",
    ),
    ErrorCode(
        "CHARACTERISTIC_IN_USE",
        "characteristic {key!r} of {entity} has values and cannot be deleted",
        "la caratteristica {key!r} di {entity} ha dei valori e non si può eliminare",
        "Mark it as obsolete, or clear its values first.",
    ),
    ErrorCode(
        "CHARACTERISTIC_DECLARED",
        "characteristic {key!r} of {entity} belongs to plugin {owner}",
        "la caratteristica {key!r} di {entity} appartiene al plugin {owner}",
        "Definitions of plugins change with the plugin. Choose another key.",
    ),
    ErrorCode(
        "CHARACTERISTIC_UNCONVERTIBLE",
        "{key!r} of {entity} {id}: {value!r} does not become {type!r}: {expected}",
        "{key!r} di {entity} {id}: {value!r} non diventa {type!r}: {expected}",
        "Correct or clear the value, then plan the change of type again; until then nothing changes (I-12).",
    ),
    ErrorCode(
        "RULE_REJECTED",
        "{label}: {reason} (rule {rule}, line {line}, column {column})",
        "{label}: {reason} (regola {rule}, riga {line}, colonna {column})",
        "A rule of the characteristic does not let this value pass; nothing of the change was written. `crm script check` shows the rule.",
    ),
    ErrorCode(
        "RULE_FAILED",
        "rule {rule} failed, line {line}, column {column}: {reason}",
        "la regola {rule} non è riuscita, riga {line}, colonna {column}: {reason}",
        "The rule itself has to be corrected, by whoever wrote it; until then it lets nothing pass (I-16), and nothing was written.",
    ),
    ErrorCode(
        "CHARACTERISTIC_READ_BY_RULE",
        "characteristic {key!r} of {entity} is read by {rules}",
        "la caratteristica {key!r} di {entity} è letta da {rules}",
        "Change those rules first; `crm script references` lists the places. Keys never change, so that rules find what they read.",
    ),
    ErrorCode(
        "RULE_UNKNOWN",
        "there is no rule {rule!r}; there are {known}",
        "non esiste la regola {rule!r}; ci sono {known}",
        "A rule is named by entity, key and kind: `account.classe.compute`. `crm script list` shows all.",
    ),
    ErrorCode(
        "SCRIPT_REFUSED",
        "{place}, line {line} column {column}: {reason}",
        "{place}, riga {line} colonna {column}: {reason}",
        "The text is no rule of the language; the chapter on scripting lists its syntax, names and functions.",
    ),
    ErrorCode(
        "SCRIPT_TESTS_FAILED",
        "{failed} of {count} tests of rules failed",
        "{failed} prove di regole su {count} non superate",
        "The list above shows what each test gave; correct the rule, or what the test expects.",
    ),
    ErrorCode(
        "SCRIPT_SAMPLE",
        "{place}: {reason}",
        "{place}: {reason}",
        "A sample is a JSON object of values by key; tests are a list of `rule`, `given`, and `expect` or `refused`.",
    ),
)
"""In the order in which one meets them: values first, then definitions."""
