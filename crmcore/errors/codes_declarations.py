"""Error codes of what plugins declare."""

from typing import Final

from crmcore.errors.code import ErrorCode

DECLARATIONS: Final = (
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
        "{cls} is not a class on the base of this plugin (`Entity, plugin={plugin!r}`)",
        "{cls} non è una classe sulla base di questo plugin (`Entity, plugin={plugin!r}`)",
        "Make one abstract class `class MyEntity(Entity, plugin='my_plugin')` with `__abstract__ = True`, and derive each class from that.",
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
        "FOLLOWING_INVALID",
        "{thing}: {reason}",
        "{thing}: {reason}",
        "Normalisers, watchers, kinds of mass changes and what a validation looks at name an entity and columns of it; a derived table has"
        " the plugin's prefix, and no foreign key.",
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
        "CONFIG_REFUSED",
        "{place}: {count} problem(s) in the configuration",
        "{place}: {count} problemi nella configurazione",
        "Every problem is listed with its line, path, value and expectation. Nothing was done.",
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
        "the {kind} rule of {object!r} is no rule, line {line} column {column}: {reason}",
        "la regola {kind} di {object!r} non va bene, riga {line} colonna {column}: {reason}",
        "Rules are written in a small part of Python, with the names and functions that the chapter on scripting lists.",
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
