"""What commands say that is not an error, in Italian and English."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

TEXTS: Final[Mapping[str, tuple[str, str]]] = {
    "unexpected": (
        "Errore inatteso: {error}\nÈ un difetto di crmcore o di un plugin: con --debug si vede dove.",
        "Unexpected error: {error}\nThis is a fault of crmcore or of a plugin: --debug shows where.",
    ),
    # init
    "init.written": ("Scritta l'installazione {path}", "Wrote the deployment {path}"),
    "init.ready": ("Il database è pronto.", "The database is ready."),
    "init.migrate": (
        "Il database non è stato preparato: eseguire `crm -C {folder} migrate`.",
        "The database was not prepared: run `crm -C {folder} migrate`.",
    ),
    # migrate
    "migrate.running": ("Migrazione", "Migrating"),
    "migrate.done": ("Eseguite {count} migrazioni.", "Ran {count} migration(s)."),
    "migrate.nothing": ("Lo schema è già aggiornato.", "The schema is current already."),
    "migrate.current": ("aggiornato", "current"),
    "migrate.behind": ("da migrare", "behind"),
    "migrate.ahead": ("più nuovo del codice", "ahead of the code"),
    # plugin
    "plugin.enabled": ("Abilitato {name}.", "Enabled {name}."),
    "plugin.enabled_already": ("{name} è già abilitato.", "{name} is enabled already."),
    "plugin.disabled": ("Disabilitato {name}; i suoi dati restano.", "Disabled {name}; its data stays."),
    "plugin.disabled_already": ("{name} non è abilitato.", "{name} is not enabled."),
    "plugin.migrate": ("Eseguire `crm migrate` per preparare le sue tabelle.", "Run `crm migrate` to prepare its tables."),
    "plugin.none": ("Nessun plugin installato.", "No plugin is installed."),
    "plugin.state.enabled": ("abilitato", "enabled"),
    "plugin.state.installed": ("installato", "installed"),
    "plugin.state.missing": ("non installato", "not installed"),
    "plugin.state.broken": ("guasto", "broken"),
    "revision.none": ("Le tabelle di {name} sono già come le sue revisioni.", "The tables of {name} are what its revisions lead to."),
    "purge.report": ("Eliminando il plugin {name} si perdono per sempre:", "Purging plugin {name} removes for good:"),
    "purge.confirm": (
        "Per farlo davvero: crm plugin purge {name} --confirm {token}",
        "To really do it: crm plugin purge {name} --confirm {token}",
    ),
    "purge.done": ("Eliminati i dati del plugin {name}.", "Removed the data of plugin {name}."),
    # work and jobs
    "work.started": ("Il worker {name} è in ascolto; Ctrl-C per fermarlo.", "Worker {name} is listening; Ctrl-C stops it."),
    "work.stopping": ("Finisco il lavoro in corso e mi fermo.", "Finishing the running job, then stopping."),
    "work.done": ("Eseguiti {count} lavori.", "Ran {count} job(s)."),
    "jobs.none": ("Nessun lavoro.", "No jobs."),
    "jobs.retried": ("Rimessi in coda {count} lavori.", "Queued {count} job(s) again."),
    # states
    "states.none": ("Nessuna tabella degli stati.", "No state tables."),
    "states.written": ("Disegnata la tabella {table} in {path}", "Drew table {table} into {path}"),
    # script
    "script.none": ("Nessuna regola.", "No rules."),
    "script.checked": ("{count} regole in ordine.", "{count} rule(s) in order."),
    "script.tested": ("{count} prove superate.", "{count} test(s) passed."),
    "script.rehearsed": (
        "{count} modifiche confrontate, {differing} con un esito diverso.",
        "{count} change(s) compared, {differing} with another result.",
    ),
    "script.recomputed": (
        "{seen} schede esaminate, {changed} cambiate, {failed} non riuscite.",
        "{seen} record(s) looked at, {changed} changed, {failed} failed.",
    ),
    "script.unread": ("Nessuna regola legge {name}.", "No rule reads {name}."),
    # new-plugin
    "new.exists": ("La cartella {folder} non è vuota.", "Folder {folder} is not empty."),
    "new.written": ("Scritto il plugin {name} in {folder}:", "Wrote plugin {name} in {folder}:"),
    "new.next": (
        "Per provarlo:\n  cd {folder}\n  pip install -e '.[test]'\n  pytest\n  crm plugin enable {name}",
        "To try it:\n  cd {folder}\n  pip install -e '.[test]'\n  pytest\n  crm plugin enable {name}",
    ),
    # completion
    "completion.hint": ("Per attivarlo: {how}", "To turn it on: {how}"),
    # doctor
    "doctor.well": ("Nessun problema.", "No problems."),
    "doctor.problems": ("Problemi: {count}", "Problems: {count}"),
    "doctor.database": ("Database", "Database"),
    "doctor.plugins": ("Plugin", "Plugins"),
    "doctor.points": ("Punti di estensione", "Extension points"),
    "doctor.tables": ("Tabelle", "Tables"),
    "doctor.events": ("Eventi e gestori", "Events and handlers"),
    "doctor.jobs": ("Lavori", "Jobs"),
    "doctor.queue": ("Coda", "Queue"),
    "doctor.scripts": ("Script", "Scripts"),
    "doctor.dead": ("{count} lavori falliti: `crm jobs list --state dead`", "{count} dead job(s): `crm jobs list --state dead`"),
    # Column headings
    "col.name": ("nome", "name"),
    "col.wall": ("barriera", "wall"),
    "col.rule": ("regola", "rule"),
    "col.problem": ("problema", "problem"),
    "col.reads": ("legge", "reads"),
    "col.text": ("testo", "text"),
    "col.test": ("prova", "test"),
    "col.passed": ("superata", "passed"),
    "col.result": ("esito", "result"),
    "col.change": ("modifica", "change"),
    "col.record": ("scheda", "record"),
    "col.present": ("ora", "now"),
    "col.proposed": ("col nuovo testo", "with the new text"),
    "col.line": ("riga", "line"),
    "col.column": ("colonna", "column"),
    "col.plugin": ("plugin", "plugin"),
    "col.version": ("versione", "version"),
    "col.requires": ("richiede", "requires"),
    "col.state": ("stato", "state"),
    "col.distribution": ("distribuzione", "distribution"),
    "col.summary": ("descrizione", "summary"),
    "col.current": ("attuale", "current"),
    "col.head": ("attesa", "expected"),
    "col.table": ("tabella", "table"),
    "col.rows": ("righe", "rows"),
    "col.owner": ("proprietario", "owner"),
    "col.point": ("punto", "point"),
    "col.kind": ("tipo", "kind"),
    "col.users": ("usato da (in ordine)", "used by (in order)"),
    "col.event": ("evento", "event"),
    "col.handlers": ("gestori", "handlers"),
    "col.job": ("lavoro", "job"),
    "col.schedule": ("ricorrenza", "schedule"),
    "col.next": ("prossima", "next"),
    "col.due": ("scadenza", "due"),
    "col.attempts": ("tentativi", "attempts"),
    "col.error": ("errore", "error"),
    "col.entity": ("entità", "entity"),
    "col.label": ("etichetta", "label"),
    "col.mode": ("modalità", "mode"),
    "col.states": ("stati", "states"),
    "col.steps": ("passaggi", "steps"),
    "col.count": ("numero", "count"),
}
"""Key → Italian and English."""
