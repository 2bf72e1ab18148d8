"""Codes of mass changes, of states and their changes, and of the sales force and its territory."""

from __future__ import annotations

from typing import Final

from crmcore.errors.code import ErrorCode

_CHANGE_SETS: Final = (
    ErrorCode(
        "CHANGE_SET_KIND",
        "there is no kind of mass change {name!r}; there are {known}",
        "non esiste il tipo di modifica massiva {name!r}; esistono {known}",
        "Use one of the kinds that the message lists.",
    ),
    ErrorCode(
        "CHANGE_SET_FIELD",
        "a mass change of kind {kind!r} cannot write {field!r} of {entity!r}",
        "una modifica massiva di tipo {kind!r} non può scrivere {field!r} di {entity!r}",
        "Each kind names the fields that it may write: states, versions and the like have ways of their own.",
    ),
    ErrorCode(
        "CHANGE_SET_REPEATED",
        "{field!r} of {entity!r} {id} is planned twice in one mass change",
        "{field!r} di {entity!r} {id} è previsto due volte nella stessa modifica massiva",
        "Plan one value for each field of each record.",
    ),
    ErrorCode(
        "CHANGE_SET_STATE",
        "mass change {id} is {state!r}, and should be {expected!r} for this",
        "la modifica massiva {id} è {state!r}, mentre dovrebbe essere {expected!r}",
        "A mass change is previewed, confirmed once, and undone once.",
    ),
    ErrorCode(
        "CHANGE_SET_OUTDATED",
        "what mass change {id} was checked against has changed since its preview",
        "ciò in base a cui la modifica massiva {id} fu controllata è cambiato dopo l'anteprima",
        "Make a new preview, and confirm that one.",
    ),
    ErrorCode(
        "CHANGE_SET_FORBIDDEN",
        "this mass change needs the permission {permission!r}",
        "questa modifica massiva richiede il permesso {permission!r}",
        "Ask whoever made the change set, or somebody whose profile grants the permission.",
    ),
)

_STATES: Final = (
    ErrorCode(
        "STATE_TABLE_UNKNOWN",
        "there is no state table {name!r} (entity {entity})",
        "non esiste la tabella degli stati {name!r} (entità {entity})",
        "An entity names its table in `__state_table__`. Those of plugins are written by `crm migrate`; `crm states list` shows all.",
    ),
    ErrorCode(
        "STATE_UNKNOWN",
        "table {table!r} has no state {code!r}",
        "la tabella {table!r} non ha lo stato {code!r}",
        "`crm states graph` draws the states of a table.",
    ),
    ErrorCode(
        "STATE_ASSIGNED",
        "the state of {entity} {id} was assigned directly",
        "lo stato di {entity} {id} è stato assegnato direttamente",
        "Use `session.states.change`, which decides, writes the history, and tells.",
    ),
    ErrorCode(
        "STATE_OBSOLETE",
        "state {target!r} of table {table!r} is obsolete: nothing new enters it",
        "lo stato {target!r} della tabella {table!r} è obsoleto: nulla di nuovo vi entra",
        "Choose another state. Records that are in it stay there.",
    ),
    ErrorCode(
        "STATE_NOT_INITIAL",
        "a new record cannot begin in state {code!r} of table {table!r}",
        "una nuova scheda non può nascere nello stato {code!r} della tabella {table!r}",
        "Leave the state out to get the default, or give the state the flag `initial`.",
    ),
    ErrorCode(
        "STATE_CODE_FIXED",
        "{field!r} of {entity} {value!r} never changes",
        "{field!r} di {entity} {value!r} non cambia mai",
        "Records and history hold codes. Change the label, or make a new state and the old one obsolete.",
    ),
    ErrorCode(
        "STATE_IN_USE",
        "state {code!r} of table {table!r} is in use",
        "lo stato {code!r} della tabella {table!r} è in uso",
        "Records or their history have it: make it obsolete instead of deleting it (I-74).",
    ),
    ErrorCode(
        "GUARD_UNSUPPORTED",
        "guard {guard!r} of {table} {step} is not a registered script function",
        "la condizione {guard!r} di {table} {step} non è una funzione registrata",
        "A guard is a rule, or the name of a function that a plugin declares through `crm_script_functions`: is the plugin enabled?",
    ),
    ErrorCode(
        "HISTORY_FIXED",
        "{entity} {id} is history: it is never changed or deleted",
        "{entity} {id} è storia: non si modifica e non si elimina",
        "Do the opposite step as a new one: the history shows both.",
    ),
)

_TRANSITIONS: Final = (
    ErrorCode(
        "TRANSITION_NOT_DEFINED",
        "table {table!r} has no step from {source} to {target}",
        "la tabella {table!r} non prevede il passaggio da {source} a {target}",
        "The picker offers the states that can be reached. Somebody with the permission `workflow.override` can do it, with a reason.",
    ),
    ErrorCode(
        "BACKWARD_TRANSITION",
        "table {table!r} only goes forward: not from {source} to {target}",
        "la tabella {table!r} va solo in avanti: non da {source} a {target}",
        "In a forward-only table nobody goes back (I-77), save with the permission `workflow.override` and a reason.",
    ),
    ErrorCode(
        "GROUP_NOT_ALLOWED",
        "only {group} may go from {source} to {target}",
        "solo {group} può passare da {source} a {target}",
        "Ask a member of the group that the step belongs to (I-78).",
    ),
    ErrorCode(
        "GUARD_FAILED",
        "rule {rule} does not let {entity} through",
        "la regola {rule} non lascia passare {entity}",
        "The condition of the step does not hold for this record.",
    ),
    ErrorCode(
        "GUARD_REJECTED",
        "{entity}: {reason} (condition of the step, line {line}, column {column})",
        "{entity}: {reason} (condizione del passaggio, riga {line}, colonna {column})",
        "The rule of the step says why this record may not take it.",
    ),
    ErrorCode(
        "GUARD_BROKEN",
        "the condition {rule} failed on {entity}, line {line}, column {column}: {reason}",
        "la condizione {rule} non è riuscita su {entity}, riga {line}, colonna {column}: {reason}",
        "The rule of the step has to be corrected by whoever wrote it; until then it lets nothing pass.",
    ),
    ErrorCode(
        "MISSING_FIELD",
        "{field!r} of {entity} must be filled for this step",
        "{field!r} di {entity} deve essere compilato per questo passaggio",
        "Fill the field, then change the state.",
    ),
    ErrorCode(
        "INVALID_DATE_ORDER",
        "dates in the wrong order: {order}",
        "date in ordine errato: {order}",
        "The first of the two dates is before the second, which should come first. Correct one of them.",
    ),
    ErrorCode(
        "DOCUMENT_LOCKED",
        "state {source} locks the record: {target} is refused",
        "lo stato {source} blocca la scheda: {target} non è ammesso",
        "The state has the flag `blocking`, the end of the workflow. Only a permission to override, with a reason, goes past it.",
    ),
    ErrorCode(
        "OVERRIDE_FORBIDDEN",
        "overriding a workflow needs the permission {permission!r}",
        "forzare un workflow richiede il permesso {permission!r}",
        "Ask somebody whose profile grants it.",
    ),
    ErrorCode(
        "OVERRIDE_WITHOUT_REASON",
        "overriding a workflow needs a reason",
        "forzare un workflow richiede una motivazione",
        "Give `reason=…`; it stays in the history.",
    ),
)

_TERRITORY: Final = (
    ErrorCode(
        "SALESPERSON_FIXED",
        "{code} stands for nobody: it is never changed, deleted, or a manager",
        "{code} significa nessuno: non si modifica, non si elimina e non è responsabile di altri",
        "The null agent, operator and referrer exist in every database, so that nobody can be named (I-21).",
    ),
    ErrorCode(
        "SALESPERSON_KIND",
        "{code} is {kind}, and should be {expected} here",
        "{code} è di tipo {kind}, mentre qui serve {expected}",
        "Agents and agencies sell; the agency of somebody is an agency.",
    ),
    ErrorCode(
        "MANAGER_CYCLE",
        "{code} would be above themselves",
        "{code} risulterebbe responsabile di sé",
        "Managers form a tree. Give another manager first.",
    ),
    ErrorCode(
        "SELLER_DISABLED",
        "{code} left on {day}: nothing new goes to them",
        "{code} è disabilitato dal {day}: non riceve nulla di nuovo",
        "What they had stays theirs (I-22). Choose another seller.",
    ),
    ErrorCode(
        "SELLER_MANUAL",
        "the seller of account {id} was set by hand, or the account was merged away",
        "il venditore dell'anagrafica {id} è stato impostato a mano, oppure l'anagrafica è stata unita a un'altra",
        "`session.territory.release_seller` lets the zone decide again (I-24).",
    ),
    ErrorCode(
        "SELLER_GAP",
        "nobody sells in zone {zone} on {day}",
        "nessuno vende nella zona {zone} il {day}",
        "The null agent stands in. Assign the zone with `session.territory.assign`.",
    ),
    ErrorCode(
        "ZONE_MISSING",
        "no zone has postcode {postcode}",
        "nessuna zona comprende il CAP {postcode}",
        "The null agent stands in. Add a member rule to a zone, or correct the address.",
    ),
    ErrorCode(
        "ZONE_OBSOLETE",
        "zone {code} is obsolete: nobody is assigned to it",
        "la zona {code} è obsoleta: non le si assegna nessuno",
        "Choose another zone.",
    ),
    ErrorCode(
        "ZONE_CYCLE",
        "zone {code} would be inside itself, or too deep",
        "la zona {code} starebbe dentro sé stessa, o troppo in profondità",
        "Zones form a tree.",
    ),
    ErrorCode(
        "ZONE_RULE_INVALID",
        "a member rule of kind {kind} cannot be {first!r} {last!r}",
        "una regola di tipo {kind} non può essere {first!r} {last!r}",
        "An ISTAT code has six digits, a postcode five, a range a first and a last one, a province two capitals.",
    ),
    ErrorCode(
        "ZONE_RULE_OVERLAP",
        "two member rules of kind {kind} fit the same addresses: {one} and {two}",
        "due regole di tipo {kind} valgono per gli stessi indirizzi: {one} e {two}",
        "Between kinds the most precise wins; inside one kind there must be one answer.",
    ),
    ErrorCode(
        "SELLER_ZONE_INVERTED",
        "an assignment cannot begin on {first} and end on {last}",
        "un'assegnazione non può iniziare il {first} e finire il {last}",
        "The last day is the first one or later.",
    ),
    ErrorCode(
        "SELLER_ZONE_OVERLAP",
        "zone {zone} has a seller already from {first} to {last}",
        "la zona {zone} ha già un venditore dal {first} al {last}",
        "A zone has one seller for each business unit and day (I-23): end the other assignment before.",
    ),
)

CHANGES: Final = (*_CHANGE_SETS, *_STATES, *_TRANSITIONS, *_TERRITORY)
"""All of them."""
