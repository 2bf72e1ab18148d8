"""Every error code that the core can raise, with its message in Italian and English.

A code is part of the public API: it never changes meaning and is never reused. The reference in the docs is generated
from this catalogue, and a test fails when a code is used but not listed, or listed but never used.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from crmcore.errors.codes_changes import CHANGES
from crmcore.errors.codes_registry import REGISTRY
from crmcore.errors.entry import ErrorCode


def _index(codes: Iterable[ErrorCode]) -> Mapping[str, ErrorCode]:
    found: dict[str, ErrorCode] = {}
    for entry in codes:
        if entry.code in found:
            message = f"error code {entry.code} is listed twice"
            raise ValueError(message)
        found[entry.code] = entry
    return found


_START = (
    ErrorCode(
        "START_FAILED",
        "the CRM cannot start: {count} problem(s) found",
        "il CRM non può partire: {count} problemi trovati",
        "Every problem is listed with its plugin, hook and object. Mend them, or open with quarantine to leave the broken plugins out.",
    ),
    ErrorCode(
        "PLUGIN_UNKNOWN",
        "plugin {name!r} is not installed; installed: {installed}",
        "il plugin {name!r} non è installato; installati: {installed}",
        "Install the distribution that provides it, or correct the name in the deployment. `crm plugin list` shows what is installed.",
    ),
    ErrorCode(
        "PLUGIN_IMPORT_FAILED",
        "importing {target!r} raised {error}",
        "l'importazione di {target!r} ha sollevato {error}",
        "The module of the plugin fails when it is imported. Import it alone in Python to see the whole traceback.",
    ),
    ErrorCode(
        "PLUGIN_INFO_MISSING",
        "{target!r} has no PLUGIN of type PluginInfo (found {found})",
        "{target!r} non ha un PLUGIN di tipo PluginInfo (trovato {found})",
        "A plugin is a module with `PLUGIN = PluginInfo(name=…, …)`.",
    ),
    ErrorCode(
        "PLUGIN_NAME_INVALID",
        "plugin name {name!r} is not a lower-case identifier of at most 24 characters",
        "il nome di plugin {name!r} non è un identificatore minuscolo di al massimo 24 caratteri",
        "Names are used as prefixes of tables, events, permissions and version tables: letters, digits and underscore, starting with a letter; `core` and `crm` are taken.",
    ),
    ErrorCode(
        "PLUGIN_NAME_MISMATCH",
        "entry point {entry!r} loads a plugin that calls itself {name!r}",
        "l'entry point {entry!r} carica un plugin che si chiama {name!r}",
        "The name of the entry point and of PLUGIN must be the same, so that a deployment can enable it by name.",
    ),
    ErrorCode(
        "PLUGIN_DUPLICATE",
        "plugin name {name!r} is claimed by {owners}",
        "il nome di plugin {name!r} è rivendicato da {owners}",
        "Two distributions provide a plugin of the same name. Uninstall one.",
    ),
    ErrorCode(
        "PLUGIN_API_REFUSED",
        "it wants plugin API {wanted}, this crmcore offers {offered}",
        "richiede l'API dei plugin {wanted}, questo crmcore offre {offered}",
        "Upgrade the plugin or crmcore: `PluginInfo.api` is a version range such as `>=0.1,<0.2`.",
    ),
    ErrorCode(
        "PLUGIN_REQUIREMENT_INVALID",
        "requirement {requirement!r} cannot be read: {error}",
        "il requisito {requirement!r} non è leggibile: {error}",
        "Write a plugin name, optionally with a version range: `offers` or `offers>=1.2,<2`.",
    ),
    ErrorCode(
        "PLUGIN_REQUIREMENT_MISSING",
        "it requires {requirement!r}, which is {state}",
        "richiede {requirement!r}, che è {state}",
        "Enable the required plugin in the deployment, or install a version in the wanted range.",
    ),
    ErrorCode(
        "PLUGIN_CYCLE",
        "plugins require each other in a circle: {cycle}",
        "i plugin si richiedono in cerchio: {cycle}",
        "Break the circle: move what both need into a third plugin, or talk through events.",
    ),
    ErrorCode(
        "HOOK_UNKNOWN",
        "{hook!r} is not a hook of crmcore or of a required plugin{hint}",
        "{hook!r} non è un hook di crmcore o di un plugin richiesto{hint}",
        "The name is misspelt, or the plugin that declares the hook is not in `requires`. `crm doctor` lists every hook.",
    ),
    ErrorCode(
        "HOOK_NOT_MARKED",
        "it is named like a hook but is not marked with @hookimpl, so it would never be called",
        "si chiama come un hook ma non è marcato con @hookimpl, quindi non verrebbe mai chiamato",
        "Put `@hookimpl` above the function, or give it another name.",
    ),
    ErrorCode(
        "HOOK_SIGNATURE",
        "argument(s) {unknown} are not offered by the hook; it offers {offered}",
        "gli argomenti {unknown} non sono offerti dall'hook; offre {offered}",
        "A hook implementation names the arguments that it wants, in any order, and only those that the specification has.",
    ),
    ErrorCode(
        "HOOK_WRAPPER_REFUSED",
        "hook wrappers are not supported",
        "i wrapper di hook non sono supportati",
        "A wrapper can hide another plugin's result. Use an event, `tryfirst`/`trylast`, or a single-slot point.",
    ),
    ErrorCode(
        "HOOK_SPEC_INVALID",
        "extension point {hook!r} of {module!r} is not valid: {reason}",
        "il punto di estensione {hook!r} di {module!r} non è valido: {reason}",
        "Points of a plugin are named `<plugin>_<what>`, have a docstring, and are declared with `hookspec`.",
    ),
    ErrorCode(
        "HOOK_RESULT_TYPE",
        "it returned {got}, expected {expected}",
        "ha restituito {got}, era atteso {expected}",
        "Declaration hooks return the frozen values of `crmcore.hooks`; return an empty list or None when there is nothing to declare.",
    ),
    ErrorCode(
        "HOOK_FAILED",
        "it raised {error}",
        "ha sollevato {error}",
        "A hook of the plugin raised. In a commit, everything was rolled back.",
    ),
    ErrorCode(
        "SLOT_CLAIMED_TWICE",
        "{hook!r} takes one implementation, claimed by {owners}",
        "{hook!r} accetta una sola implementazione, rivendicata da {owners}",
        "A single-slot point replaces a behaviour; nothing overrides silently. Disable one of the plugins.",
    ),
)

_DECLARATIONS = (
    ErrorCode(
        "TABLE_PREFIX",
        "table {table!r} must start with {prefix!r}",
        "la tabella {table!r} deve iniziare con {prefix!r}",
        "Tables of a plugin carry its name, so that they can be told apart and purged.",
    ),
    ErrorCode(
        "TABLE_UNDECLARED",
        "class {cls} maps table {table!r} but `crm_tables` does not return it",
        "la classe {cls} mappa la tabella {table!r} ma `crm_tables` non la restituisce",
        "Return every mapped class from `crm_tables`: what is not declared is not migrated, guarded or purged.",
    ),
    ErrorCode(
        "TABLE_BASE",
        "{cls} is not a class on the base of this plugin (`entity_base({plugin!r})`)",
        "{cls} non è una classe sulla base di questo plugin (`entity_base({plugin!r})`)",
        "Derive each class from the base that `crmcore.model.entity_base(name)` returns for the plugin's own name.",
    ),
    ErrorCode(
        "TABLE_MAPPING",
        "the classes cannot be mapped: {error}",
        "le classi non possono essere mappate: {error}",
        "SQLAlchemy refuses the mapping: usually a relationship whose target does not exist.",
    ),
    ErrorCode(
        "TABLE_FOREIGN_KEY",
        "column {column!r} refers to {target!r}, which belongs to {owner}",
        "la colonna {column!r} si riferisce a {target!r}, che appartiene a {owner}",
        "Foreign keys may point only to the core, to the plugin itself and to what it requires.",
    ),
    ErrorCode(
        "TABLE_REFERENCE_UNDECLARED",
        "column {column!r} looks like a reference but has no foreign key",
        "la colonna {column!r} sembra un riferimento ma non ha una chiave esterna",
        "Merging and erasure follow foreign keys. Add one, list the column in `__references__`, or in `__not_references__` when it only looks like one.",
    ),
    ErrorCode(
        "TABLE_VISIBILITY",
        "class {cls} has no valid visibility path: {reason}",
        "la classe {cls} non ha un percorso di visibilità valido: {reason}",
        "Set `__visibility__` to `Visibility.via(column)`, `.owner(column)`, `.public()` or `.system()`: nothing is visible by default.",
    ),
    ErrorCode(
        "TABLE_PERSONAL",
        "class {cls} does not say which columns hold personal data{reason}",
        "la classe {cls} non dice quali colonne contengono dati personali{reason}",
        "Set `__personal__` to the names of the columns, or to an empty tuple: erasure and export need it.",
    ),
    ErrorCode(
        "CORE_CLASS_CHANGED",
        "attribute {attribute!r} was added to {cls}, which belongs to {owner}",
        "l'attributo {attribute!r} è stato aggiunto a {cls}, che appartiene a {owner}",
        "A plugin never changes a class that is not its own: no backref, no assignment. Query from your side, or declare a characteristic.",
    ),
    ErrorCode(
        "MIGRATIONS_MISSING",
        "it declares tables but no migrations",
        "dichiara tabelle ma nessuna migrazione",
        "Return `Migrations(package)` from `crm_migrations`: tables are created and changed by migrations only.",
    ),
    ErrorCode(
        "MIGRATIONS_FOLDER",
        "migrations of {package!r} cannot be read: {reason}",
        "le migrazioni di {package!r} non sono leggibili: {reason}",
        "The folder must be inside the package, be shipped in the wheel, and hold at least one revision.",
    ),
    ErrorCode(
        "MIGRATIONS_HEADS",
        "migrations have {count} heads: {heads}",
        "le migrazioni hanno {count} teste: {heads}",
        "The history of a plugin is one line: give one of the revisions the other as `down_revision`.",
    ),
    ErrorCode(
        "MIGRATIONS_REVISION",
        "revision {revision!r} must start with {prefix!r} and have at most 32 characters",
        "la revisione {revision!r} deve iniziare con {prefix!r} e avere al massimo 32 caratteri",
        "PostgreSQL stores at most 32 characters; the prefix tells whose revision it is.",
    ),
    ErrorCode(
        "NAME_PREFIX",
        "{kind} {name!r} must start with {prefix!r}",
        "{kind} {name!r} deve iniziare con {prefix!r}",
        "Names of a plugin carry its own name and a dot, so that two plugins never collide.",
    ),
    ErrorCode(
        "NAME_DUPLICATE",
        "{kind} {name!r} is declared by {owners}",
        "{kind} {name!r} è dichiarato da {owners}",
        "A name has one owner. Rename one of the two.",
    ),
    ErrorCode(
        "NAME_INVALID",
        "{kind} {name!r} is not a valid name: {reason}",
        "{kind} {name!r} non è un nome valido: {reason}",
        "Keys are lower-case identifiers: letters, digits, underscore; dots separate the plugin from the rest.",
    ),
    ErrorCode(
        "CONFIG_SCHEMA",
        "the configuration schema is not valid: {reason}",
        "lo schema di configurazione non è valido: {reason}",
        "It is a Cerberus schema; each key has `label` and `help`, and its default passes its own rules.",
    ),
    ErrorCode(
        "CONFIG_INVALID",
        "{place}: {path}: {reason}",
        "{place}: {path}: {reason}",
        "The configuration does not fit the schema of its owner. The reference lists every key with its type and default.",
    ),
    ErrorCode(
        "CONFIG_UNREADABLE",
        "{place}: {reason}",
        "{place}: {reason}",
        "The file is missing, is not UTF-8, or is not valid YAML; the place says line and column.",
    ),
    ErrorCode(
        "CHARACTERISTIC_INVALID",
        "characteristic {key!r}: {reason}",
        "caratteristica {key!r}: {reason}",
        "The definition names an entity, a known type, and what its type needs (choices, a target); computed ones never depend on themselves.",
    ),
    ErrorCode(
        "CHARACTERISTIC_CYCLE",
        "characteristics depend on each other in a circle: {cycle}",
        "le caratteristiche dipendono l'una dall'altra in cerchio: {cycle}",
        "A computed value cannot need itself, directly or through others (I-14).",
    ),
    ErrorCode(
        "STATE_TABLE_INVALID",
        "state table {table!r}: {reason}",
        "tabella di stati {table!r}: {reason}",
        "States are unique, exactly one is the default (I-75), transitions join states that exist, and every state can be reached.",
    ),
    ErrorCode(
        "SCRIPT_FUNCTION_INVALID",
        "script function {name!r}: {reason}",
        "funzione per script {name!r}: {reason}",
        "A script function is a plain function with named positional parameters, without *args or **kwargs.",
    ),
    ErrorCode(
        "SCRIPT_INVALID",
        "the {kind} rule of {object!r} cannot be parsed, line {line} column {column}: {reason}",
        "la regola {kind} di {object!r} non è leggibile, riga {line} colonna {column}: {reason}",
        "Rules are Python expressions or short statements; see the chapter on scripting.",
    ),
    ErrorCode(
        "TEMPLATE_INVALID",
        "template {name!r}, line {line}: {reason}",
        "modello {name!r}, riga {line}: {reason}",
        "Templates are Jinja, compiled in the sandbox at start.",
    ),
    ErrorCode(
        "EVENT_INVALID",
        "event {type!r}: {reason}",
        "evento {type!r}: {reason}",
        "An event is a frozen attrs class derived from Event, with TYPE and VERSION, whose fields survive JSON.",
    ),
    ErrorCode(
        "HANDLER_EVENT_UNKNOWN",
        "handler {handler!r} listens to {event!r}, which nobody declares{hint}",
        "il gestore {handler!r} ascolta {event!r}, che nessuno dichiara{hint}",
        "Declare the event in `crm_events`, require the plugin that does, or correct the name.",
    ),
    ErrorCode(
        "HANDLER_INVALID",
        "handler {handler!r}: {reason}",
        "gestore {handler!r}: {reason}",
        "A handler is a module-level function of two arguments, `(session, event)`.",
    ),
    ErrorCode(
        "JOB_INVALID",
        "job {job!r}: {reason}",
        "lavoro {job!r}: {reason}",
        "A job is a module-level function of two arguments, `(session, run)`; its schedule must have a next time.",
    ),
    ErrorCode(
        "COMMAND_INVALID",
        "command {command!r}: {reason}",
        "comando {command!r}: {reason}",
        "A command names a click object as `package.module:name`, loaded when it is used.",
    ),
    ErrorCode(
        "PLUGIN_STATEFUL",
        "module {module!r} keeps state in {name!r} ({type})",
        "il modulo {module!r} conserva stato in {name!r} ({type})",
        "One process may run several CRMs: keep state in tables or on the session, never in a module.",
    ),
)

_STORAGE = (
    ErrorCode(
        "DATABASE_URL",
        "{url!r} is not a database that crmcore can use: {reason}",
        "{url!r} non è un database utilizzabile da crmcore: {reason}",
        "Use `sqlite:///file.db` or `postgresql://user@host/name` (with the extra `pg`).",
    ),
    ErrorCode(
        "DATABASE_UNREACHABLE",
        "the database does not answer: {error}",
        "il database non risponde: {error}",
        "Check that the server runs, and the address and user in the deployment.",
    ),
    ErrorCode(
        "DATABASE_BUSY",
        "the database stayed locked for {seconds} s",
        "il database è rimasto bloccato per {seconds} s",
        "Another process holds a long write. Shorten it, raise `busy_timeout`, or use PostgreSQL for many writers.",
    ),
    ErrorCode(
        "SCHEMA_BEHIND",
        "the schema is not current: {detail}; run `crm migrate`",
        "lo schema non è aggiornato: {detail}; eseguire `crm migrate`",
        "Nothing is migrated behind your back. Run `crm migrate`, or open with `migrate=True`.",
    ),
    ErrorCode(
        "SCHEMA_AHEAD",
        "the schema is newer than the code: {detail}",
        "lo schema è più nuovo del codice: {detail}",
        "The database was migrated by a later version. Upgrade the installed distribution.",
    ),
    ErrorCode(
        "MIGRATION_FAILED",
        "migration {revision} of {plugin} failed and nothing was changed: {error}",
        "la migrazione {revision} di {plugin} è fallita e nulla è stato modificato: {error}",
        "The whole migration is one transaction, so the schema is the old one. Mend the revision and run again.",
    ),
    ErrorCode(
        "PURGE_REFUSED",
        "plugin {name!r} cannot be purged: {reason}",
        "il plugin {name!r} non può essere eliminato: {reason}",
        "Disable the plugin, and what depends on it, first; then look at the report and confirm with its token.",
    ),
)

_WORK = (
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
        "EVENTS_LOOP",
        "the chain of handlers went deeper than {limit}: {chain}",
        "la catena di gestori ha superato la profondità {limit}: {chain}",
        "Handlers trigger each other. The chain was stopped and `automation.loop_detected` published.",
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

_CONFORMANCE = (
    ErrorCode(
        "KIT_OVERRIDE_REASON",
        "{name} overrides check {check!r} without a reason",
        "{name} sostituisce il controllo {check!r} senza un motivo",
        "Put the check into `overrides` with a sentence that says why it does not apply: a reader must be able to judge it.",
    ),
    ErrorCode(
        "KIT_OVERRIDE_UNKNOWN",
        "{name} overrides {check!r}, which is not a check{hint}",
        "{name} sostituisce {check!r}, che non è un controllo{hint}",
        "Keys of `overrides` are names of checks, or `check:object` for one object; correct the name.",
    ),
    ErrorCode(
        "KIT_RAISED",
        "check {check!r} could not go on: {error}",
        "il controllo {check!r} non ha potuto proseguire: {error}",
        "The plugin raised where it should not have, or the kit cannot make a valid sample: give the class `samples`.",
    ),
    ErrorCode(
        "KIT_SAMPLE",
        "no sample of {entity!r} can be made: {reason}",
        "non si può creare un esempio di {entity!r}: {reason}",
        "The kit fills columns and foreign keys by itself. Give the class `samples`, a function that returns valid records.",
    ),
    ErrorCode(
        "KIT_NOT_REGISTERED",
        "no installed distribution registers {target!r} under the name {name!r} in the group crmcore.plugins",
        "nessuna distribuzione installata registra {target!r} con il nome {name!r} nel gruppo crmcore.plugins",
        'Add `[project.entry-points."crmcore.plugins"]` to the pyproject of the plugin, and install it.',
    ),
    ErrorCode(
        "KIT_LEAK",
        "two CRMs in one process see each other: {detail}",
        "due CRM in un processo si vedono: {detail}",
        "Something is kept outside the database and the session: in a module, a class, or a cache.",
    ),
    ErrorCode(
        "KIT_IMPORT_EFFECT",
        "importing {target!r} does something: {effect}",
        "importare {target!r} fa qualcosa: {effect}",
        "Importing a plugin must do nothing: move it into a hook, a handler, a job or a command.",
    ),
    ErrorCode(
        "KIT_IMPORT_FOREIGN",
        "importing {target!r} imports plugin {other!r}, which it does not require",
        "importare {target!r} importa il plugin {other!r}, che non è richiesto",
        "Add the other plugin to `requires`, or talk to it through events and hooks.",
    ),
    ErrorCode(
        "KIT_CONFIG_SAMPLE",
        "the sample of the configuration is not valid: {reason}",
        "l'esempio di configurazione non è valido: {reason}",
        "The sample is written from the schema: give each required key a default or an example that passes its rules.",
    ),
    ErrorCode(
        "KIT_CONFIG_OPEN",
        "the configuration takes an unknown key in {path!r}",
        "la configurazione accetta una chiave sconosciuta in {path!r}",
        "A misspelt key must be refused: leave out `allow_unknown`, or describe the keys with `keysrules` and `valuesrules`.",
    ),
    ErrorCode(
        "KIT_MIGRATION_DIFFERENCE",
        "after migrating, the database differs from the models ({database}): {difference}",
        "dopo la migrazione il database differisce dai modelli ({database}): {difference}",
        "Write a revision that makes them equal; it must do so on SQLite and on PostgreSQL.",
    ),
    ErrorCode(
        "KIT_MIGRATION_LEFTOVER",
        "taking the migrations back leaves {what} ({database})",
        "annullare le migrazioni lascia {what} ({database})",
        "`downgrade` takes back everything that `upgrade` did.",
    ),
    ErrorCode(
        "KIT_MIGRATION_FOREIGN",
        "the migrations touch {table!r}, which is not a table of this plugin: {what}",
        "le migrazioni toccano {table!r}, che non è una tabella di questo plugin: {what}",
        "A plugin changes its own tables only. Ask the owner of the other one for what is missing.",
    ),
    ErrorCode(
        "KIT_MIGRATION_FAILED",
        "migrating {direction} failed ({database}): {error}",
        "la migrazione ({direction}) è fallita ({database}): {error}",
        "Revisions run from an empty database, back to nothing and up again, on both databases.",
    ),
    ErrorCode(
        "KIT_NOT_SHIPPED",
        "{file!r} is not {place}",
        "{file!r} non è {place}",
        "Revisions and templates live inside the plugin's own package, and are part of the wheel.",
    ),
    ErrorCode(
        "KIT_DISABLED_ACTIVE",
        "the plugin is disabled and still works: {detail}",
        "il plugin è disabilitato e lavora ancora: {detail}",
        "Everything that a plugin does goes through hooks, handlers and jobs, which a disabled plugin has not.",
    ),
    ErrorCode(
        "KIT_PURGE_REPORT",
        "the report of the purge names {found}, expected {expected}",
        "il rapporto di eliminazione nomina {found}, atteso {expected}",
        "Every table of the plugin is returned by `crm_tables`.",
    ),
    ErrorCode(
        "KIT_PURGE_LEFTOVER",
        "purging leaves {what}",
        "l'eliminazione lascia {what}",
        "Every table that a migration creates belongs to a class that `crm_tables` returns.",
    ),
    ErrorCode(
        "KIT_STATE_FIELD",
        "state table {table!r}: transition {step} requires {field!r}, which {entity} does not have",
        "tabella di stati {table!r}: la transizione {step} richiede {field!r}, che {entity} non ha",
        "`required_fields` are columns or characteristics of the entity of the state table.",
    ),
    ErrorCode(
        "KIT_SCRIPT_REFUSED",
        "the {kind} rule of {object!r} uses {what}, which scripts may not",
        "la regola {kind} di {object!r} usa {what}, che gli script non possono usare",
        "Rules are expressions over plain values: no imports, classes, functions, or names with underscores.",
    ),
    ErrorCode(
        "KIT_SCRIPT_FUNCTION",
        "script function {name!r}: parameter {parameter!r} is {found}, not a plain value",
        "funzione per script {name!r}: il parametro {parameter!r} è {found}, non un valore semplice",
        "Scripts see text, numbers, dates and collections of these, never a session or a record.",
    ),
    ErrorCode(
        "KIT_FIELD_TYPE",
        "field type {name!r}: {reason}",
        "tipo di campo {name!r}: {reason}",
        "`normalise` raises ValueError for what does not fit, gives JSON, and leaves what it gave unchanged.",
    ),
    ErrorCode(
        "KIT_TEMPLATE",
        "template {name!r} does not render: {reason}",
        "il modello {name!r} non produce testo: {reason}",
        "A template must render with fields missing, in reasonable time and size.",
    ),
    ErrorCode(
        "KIT_TEXT",
        "{object}: {reason}",
        "{object}: {reason}",
        "What users read is there in Italian and in English, and both say the same.",
    ),
    ErrorCode(
        "KIT_COMMAND",
        "command {name!r}: {reason}",
        "comando {name!r}: {reason}",
        "The target of a command can be imported, and is a click command with a help text.",
    ),
    ErrorCode(
        "KIT_EVENT_ROUND_TRIP",
        "event {type!r} does not survive JSON: {reason}",
        "l'evento {type!r} non sopravvive a JSON: {reason}",
        "Fields are text, numbers, Decimals, dates, instants, enumerations, and lists and mappings of these.",
    ),
    ErrorCode(
        "KIT_EVENT_UPCAST",
        "event {type!r} has version {version}, and no upcast from version {old}",
        "l'evento {type!r} ha versione {version}, e nessun upcast dalla versione {old}",
        "Stored events of older versions stay: override `upcast` to bring their payload up to date.",
    ),
    ErrorCode(
        "KIT_HANDLER_FAILED",
        "handler {handler!r} failed on a sample of {event!r}: {error}",
        "il gestore {handler!r} è fallito su un esempio di {event!r}: {error}",
        "A handler copes with every valid event. Give the class `samples` if the sample makes no sense.",
    ),
    ErrorCode(
        "KIT_HANDLER_UNTRIED",
        "handler {handler!r} could not be tried: no delivery of {event!r} came about",
        "il gestore {handler!r} non è stato provato: nessuna consegna di {event!r}",
        "The kit could not bring the event about. Give the class `samples` for the records that it needs.",
    ),
    ErrorCode(
        "KIT_HANDLER_REPEATED",
        "handler {handler!r} is not idempotent: run twice on one event, it changed {detail}",
        "il gestore {handler!r} non è idempotente: eseguito due volte su un evento, ha cambiato {detail}",
        "A delivery may come twice. Look first whether the work is done, by a unique key or the id of the event.",
    ),
    ErrorCode(
        "KIT_HANDLER_ESCAPES",
        "handler {handler!r} failed and still left a change behind: {detail}",
        "il gestore {handler!r} è fallito e ha comunque lasciato una modifica: {detail}",
        "Work through the session that the handler is given: its transaction is all or nothing.",
    ),
    ErrorCode(
        "KIT_TRANSACTION_ENDED",
        "{function} calls {method} on a transaction that is not its own",
        "{function} chiama {method} su una transazione non sua",
        "Hooks, handlers and jobs never commit, roll back or close: whoever called them does.",
    ),
    ErrorCode(
        "KIT_JOB_FAILED",
        "job {job!r} failed {when}: {error}",
        "il lavoro {job!r} è fallito {when}: {error}",
        "A job copes with an empty database. When it needs arguments, give the class `job_arguments`.",
    ),
    ErrorCode(
        "KIT_CONNECTION_LEFT",
        "{count} connection(s) stayed open after {what}",
        "{count} connessioni sono rimaste aperte dopo {what}",
        "Use the session, or close in a `with` block what you open.",
    ),
    ErrorCode(
        "KIT_RECORD",
        "a sample of {entity!r} could not be {step}: {error}",
        "un esempio di {entity!r} non può essere {step}: {error}",
        "Every entity can be created, read, changed and deleted through a session. Give `samples` if the sample makes no sense.",
    ),
    ErrorCode(
        "KIT_STALE_ACCEPTED",
        "two sessions changed one {entity!r}, and the second was not told",
        "due sessioni hanno modificato lo stesso {entity!r}, e la seconda non è stata avvisata",
        "Keep `version_id_col` when you override `__mapper_args__`.",
    ),
    ErrorCode(
        "KIT_BULK_DIFFERS",
        "many records in one commit give another result than one by one: {detail}",
        "molti record in un commit danno un risultato diverso da uno alla volta: {detail}",
        "Hooks get all changes of a commit: look at each of them, not at the first.",
    ),
    ErrorCode(
        "KIT_QUERY_BUDGET",
        "{action} {entity!r} takes {count} statements, at most {budget}",
        "{action} {entity!r} richiede {count} istruzioni, al massimo {budget}",
        "Something is loaded row by row. Load it with the query, or in one query for all rows.",
    ),
    ErrorCode(
        "KIT_REFERENCE_HIDDEN",
        "column {column!r} refers to {entity!r} by its name, and has no foreign key",
        "la colonna {column!r} si riferisce a {entity!r} per nome, e non ha una chiave esterna",
        "Merging and erasure follow foreign keys. Add one, or list the column in `__references__` or `__not_references__`.",
    ),
    ErrorCode(
        "KIT_PERSONAL_UNMARKED",
        "column {column!r} looks personal and is not in `__personal__`",
        "la colonna {column!r} sembra personale e non è in `__personal__`",
        "Add it, or override `personal_data:<column>` with the reason why it never holds data of a person.",
    ),
    ErrorCode(
        "KIT_VISIBILITY_PATH",
        "the visibility path of {entity!r} does not end at the core: {path}",
        "il percorso di visibilità di {entity!r} non termina nel core: {path}",
        "Following `via` must lead to an entity that is public, of the system, or has an owner.",
    ),
    ErrorCode(
        "KIT_SOURCE",
        "{place} uses {what} ({kind}){reason}",
        "{place} usa {what} ({kind}){reason}",
        "Clock, ids, network and mail are given by the session or the core. Write `# crmcore: allow <kind> - <reason>` on the line if it must be.",
    ),
    ErrorCode(
        "KIT_NETWORK",
        "{function} opened a connection to {address}",
        "{function} ha aperto una connessione a {address}",
        "Hooks, handlers and jobs do not talk to the network by themselves.",
    ),
)

CATALOGUE: Final[Mapping[str, ErrorCode]] = _index((*_START, *_DECLARATIONS, *_STORAGE, *_WORK, *_CONFORMANCE, *REGISTRY, *CHANGES))
"""Code → description, of every code that the core raises."""
