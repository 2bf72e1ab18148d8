"""Contracts with the workflow of story S10, as a plugin declares them."""

from collections.abc import Mapping

from crm_contracts.model import Contract
from crmcore import Job, Label, Migrations, PluginInfo, ScriptFunction, State, StateTable, Transition, TransitionMode, hookimpl

PLUGIN = PluginInfo(name="contracts", label=Label("Contratti", "Contracts"), summary="Contracts of a test.")


def has_amount(fields: Mapping[str, object]) -> bool:
    return bool(fields.get("amount"))


def tell(session, run):
    contract = session.require(Contract, run.args["id"])
    contract.note = f"{run.args['old']} → {run.args['new']}"


def state(code: str, label: str, **options: object) -> State:
    return State(code=code, label=Label(label, label), order=int(code), **options)


def steps(*pairs: tuple[str, str], group: str, **options: object) -> tuple[Transition, ...]:
    return tuple(Transition(source=source, target=target, groups=(group,), **options) for source, target in pairs)


WORKFLOW = StateTable(
    name="contracts.contracts",
    entity="contracts.contract",
    label=Label("Stati Contratti", "Contract states"),
    mode=TransitionMode.FORWARD_ONLY,
    states=(
        state("10", "Inserita", default=True),
        state("20", "In verifica"),
        state("30", "In amministrazione"),
        state("40", "Chiuso e stipulato", flags={"exposing": True}),
        state("50", "Attivato", flags={"blocking": True}),
        state("90", "Annullata", flags={"negative": True, "blocking": True, "priority": 5}),
    ),
    transitions=(
        *steps(("10", "20"), ("20", "30"), group="BACKOFFICE"),
        *steps(("30", "40"), group="AMMINISTRAZIONE"),
        *steps(("40", "50"), group="TECNICI", ordered_dates=("customer_signature", "activation"), effects=("contracts.tell",)),
        *steps(("10", "90"), ("20", "90"), ("30", "90"), group="DIREZIONE"),
        Transition(source="20", target="30", variant="gas", guard="contracts.has_amount", required_fields=("note", "customer_signature")),
    ),
)


@hookimpl
def crm_tables():
    return [Contract]


@hookimpl
def crm_migrations():
    return Migrations("crm_contracts")


@hookimpl
def crm_state_tables():
    return [WORKFLOW]


@hookimpl
def crm_script_functions():
    return [ScriptFunction(name="contracts.has_amount", fn=has_amount, help="Say whether there is an amount.")]


@hookimpl
def crm_jobs():
    return [Job(name="contracts.tell", fn=tell, help="Note the change.")]
