"""Error codes of what stops a start before any declaration is looked at."""

from typing import Final

from crmcore.errors.code import ErrorCode

START: Final = (
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
        "PLUGIN_CAPABILITY_UNKNOWN",
        "it declares the capability {capability!r}; known are {known}",
        "dichiara la capacità {capability!r}; sono note {known}",
        "Correct `PluginInfo.capabilities`.",
    ),
    ErrorCode(
        "PLUGIN_CAPABILITY_MISSING",
        "plugin {plugin_name} asks for {capability!r}, which it does not declare",
        "il plugin {plugin_name} chiede {capability!r}, che non dichiara",
        "Name it in `PluginInfo.capabilities`, so that `crm doctor` shows to the deployment what the plugin gets around. Only enabled plugins have capabilities.",
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
