"""Actions: what is refused, reminders, lateness announced once, dashboards, and what survives a crash."""

from __future__ import annotations

from datetime import date, time, timedelta

import pytest
from crmcore_agenda import triggers
from crmcore_agenda.actions import Actions
from crmcore_agenda.dashboard import Dashboard
from crmcore_agenda.duties import duties
from crmcore_agenda.leads import Leads
from crmcore_agenda.model import Action, ActionLink, Firing, Lead, TriggerRule
from crmcore_agenda.rules import Rules
from sqlalchemy import func, select

from crmcore import Actor, Crm, ValidationFailed
from crmcore.errors import AccessDenied
from crmcore.model import EVENT, JOB
from crmcore.testing import advance

pytestmark = pytest.mark.feature("E05", "E07", "E08", "E09", "E15", "E16", "E17", "I-49", "I-50", "P8.1", "P8.6")


def _events(firm, kind):
    with firm.system() as session:
        return session.scalar(select(func.count()).select_from(EVENT).where(EVENT.c.type == kind))


def _only(session):
    return session.scalars(select(Action)).one()


@pytest.fixture
def called(firm):
    account = firm.account("Hotel Miramonti", owner="anna")
    with firm.session("anna") as session:
        Actions(session).add("phone", "Chiamare", date(2026, 5, 12), account=account.id)
        session.commit()
    return firm


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_what_cannot_be_is_refused_in_both_languages(called):
    with called.session("anna") as session:
        actions = Actions(session)
        found = []
        for attempt in (
            lambda: actions.done(_only(session), " "),
            lambda: actions.add("fax", "Vecchi tempi", date(2026, 5, 12)),
            lambda: actions.refuse(_only(session)),
            lambda: Leads(session).open(1, "Trattativa", close_period="giugno"),
            lambda: actions.add("visit", "Al contrario", date(2026, 5, 12), at=time(9), minutes=-5),
            lambda: setattr(_only(session), "closed", True),
            lambda: session.states.change(_only(session), "done"),
        ):
            with pytest.raises(ValidationFailed) as refusal:
                attempt()
                session.commit()
            session.rollback()
            session.orm.expire_all()
            [problem] = refusal.value.problems
            assert problem.text("it") != problem.text("en")
            found.append(problem.code)
    assert found == [
        "AGENDA_OUTCOME_MISSING",
        "AGENDA_CODE_UNKNOWN",
        "AGENDA_NOT_DELEGATED",
        "AGENDA_PERIOD",
        "AGENDA_TIMES",
        "AGENDA_STATE_MISMATCH",
        "AGENDA_STATE_MISMATCH",
    ]


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_a_closed_action_does_not_change_any_more(called):
    with called.session("anna") as session:
        Actions(session).done(_only(session), "Sentito")
        session.commit()
        _only(session).report = "Anzi no"
        with pytest.raises(ValidationFailed, match="AGENDA_ACTION_CLOSED"):
            session.commit()
        with pytest.raises(ValidationFailed, match="AGENDA_ACTION_CLOSED"):
            Actions(session).cancel(session.scalars(select(Action)).one(), "Ripensato")


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_only_active_users_get_actions_and_what_one_has_is_listed(called):
    called.people()
    with called.session("admin") as session:
        Actions(session).delegate(_only(session), "nobody", date(2026, 5, 13))
        with pytest.raises(ValidationFailed, match="AGENDA_USER_UNKNOWN"):
            session.commit()
    with called.session("admin") as session:
        session.access.block("anna")
        session.commit()
        [work] = session.access.open_work("anna")
        assert (work.entity, work.label, work.due) == ("agenda.action", "Chiamare", date(2026, 5, 12))
        assert Actions(session).reassign("anna", "carla") == 1
        session.commit()
    with called.session("carla") as session:
        assert [row.title for row in Dashboard(session).mine().rows] == ["Chiamare"]
        assert [(duty.title, duty.late, duty.account) for duty in duties(session, until=date(2026, 5, 12))] == [("Chiamare", 0, None)]


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_reminders_follow_the_appointment_and_lateness_is_told_once(firm):
    with firm.session("anna") as session:
        Actions(session).add("visit", "Visita", date(2026, 5, 12), at=time(10), notify={"channels": ["email"]})
        Actions(session).add("phone", "Chiamata", date(2026, 5, 12))
        session.commit()
        Actions(session).move(session.require(Action, 1), date(2026, 5, 13), time(10))
        session.commit()
    advance(firm.crm, timedelta(days=1, hours=1))
    before = (_events(firm, "agenda.action_due_soon"), _events(firm, "agenda.action_overdue"))
    advance(firm.crm, timedelta(days=5))

    assert before == (0, 0)
    assert (_events(firm, "agenda.action_due_soon"), _events(firm, "agenda.action_overdue")) == (1, 2)


def test_the_dashboard_filters_searches_pages_and_leads_on(firm):
    account = firm.account("Hotel Miramonti")
    with firm.session("anna") as session:
        actions = Actions(session)
        lead = Leads(session).open(account.id, "Cucine", value=None)
        for number in range(5):
            actions.add("phone", f"Chiamata {number}", date(2026, 5, 11 - number), lead=lead, links=[session.accounts.require(account.id)])
        actions.add("visit", "Visita", date(2026, 5, 20), account=account.id)
        actions.add("task", "Campioni", date(2026, 5, 11), assignee="giulia")
        session.interactions.add(session.accounts.require(account.id), "visit", text="Visti i campioni")
        session.commit()
        board = Dashboard(session)
        first = board.mine(page=2)
        second = board.mine(page=2, after=first.next)
        counts = board.counts()
        found = [row.title for row in board.mine(text="amata 3").rows], [row.title for row in board.mine(until=date(2026, 5, 7)).rows]
        delegated = [(row.title, row.assignee) for row in board.delegated().rows]
        related = actions.related(session.require(Action, first.rows[0].id))
        history = [entry.text for entry in board.history_before(session.require(Action, first.rows[0].id))]
        colours = {row.late: row.colour for row in board.monitor(["anna"])["anna"].rows}
        diary = [action.title for action in Leads(session).diary(lead, state="todo")]
        card = board.next_of(account)
        listed = duties(session)

    assert [(row.title, row.late, row.red, row.account) for row in first.rows] == [
        ("Chiamata 4", 2, True, "Hotel Miramonti"),
        ("Chiamata 3", 1, True, "Hotel Miramonti"),
    ]
    assert [row.title for row in second.rows] == ["Chiamata 2", "Chiamata 1"]
    assert (counts.late, counts.today, counts.later) == (4, 1, 1)
    assert found == (["Chiamata 3"], ["Chiamata 4"])
    assert delegated == [("Campioni", "giulia")]
    assert [(duty.title, duty.late, duty.colour, duty.account) for duty in listed[:2]] == [
        ("Chiamata 4", 2, "#fab005", "Hotel Miramonti"),
        ("Chiamata 3", 1, "#fab005", "Hotel Miramonti"),
    ]
    assert len(listed) == 5
    assert [(each.entity, each.role) for each in related] == [("account", "account"), ("agenda.lead", "lead"), ("account", "about")]
    assert history == ["Visti i campioni"]
    assert colours == {2: "#fab005", 1: "#fab005", 0: "#40c057"}
    assert (diary[0], len(diary), card.title) == ("Chiamata 4", 5, "Chiamata 4")


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
@pytest.mark.feature("I-46")
def test_a_lead_without_anything_to_do_is_told_of_once(called):
    with called.session("anna") as session:
        Leads(session).open(1, "Senza azioni")
        Leads(session).open(1, "Con promemoria", remind_on=date(2026, 6, 1))
        session.commit()
    called.work()
    called.work()
    assert _events(called, "agenda.lead_stalled") == 1
    assert [lead.stalled for lead in called.all(Lead)] == [True, False]


def test_private_accounts_and_strangers_actions_do_not_exist_for_others(firm):
    sellers = firm.people()
    mine = firm.account("Mio", seller_id=sellers["A1"], seller_source="manual")
    card = firm.account("Privato", seller_id=sellers["A1"], seller_source="manual", owner="anna", private=True)
    with firm.session("anna") as session:
        for account in (mine, card):
            Actions(session).add("phone", "Chiamare", date(2026, 5, 12), account=account.id)
        session.commit()
    seen = {}
    for login in ("anna", "marco", "bruno", "giulia", "admin"):
        with firm.session(login) as session:
            seen[login] = (
                session.search.count("agenda.action").value,
                len(session.scalars(select(Action)).all()),
                len(session.scalars(select(ActionLink)).all()),
            )
    with firm.session("bruno") as session, pytest.raises(AccessDenied):
        session.add(Action(title="Di nascosto", kind_id=1, owner="anna", assignee="anna", due=date(2026, 5, 12), account_id=mine.id))
        session.commit()
    with firm.session("admin") as session:
        explained = {login: session.access.explain(login, "agenda.action", 2).granted for login in ("anna", "marco", "admin")}
        assert session.access.who_can_see("agenda.action", 1) == ["admin", "anna", "marco"]

    assert seen == {"anna": (2, 2, 0), "marco": (1, 1, 0), "bruno": (0, 0, 0), "giulia": (0, 0, 0), "admin": (1, 1, 0)}
    assert explained == {"anna": True, "marco": False, "admin": False}


RULE = {
    "event": "account.created",
    "account": "id",
    "lead": {"title": "{account.name}", "person": "anna"},
    "actions": [{"kind": "phone", "person": "anna", "offset": 1}],
}


@pytest.mark.feature("F06", "I-47", "P8.3", "P8.hold")
def test_a_chain_that_dies_anywhere_is_done_once_when_it_is_run_again(firm, monkeypatch):
    firm.add(TriggerRule(code="benvenuto", label_it="Benvenuto", **RULE))
    firm.account("Hotel Miramonti")
    for place in ("_lead", "_prepared", "_day"):
        with monkeypatch.context() as patch:
            patch.setattr(triggers.Trigger, place, _dies)
            firm.work()
        assert (firm.count(Lead), firm.count(Action), firm.count(Firing)) == (0, 0, 0)
        advance(firm.crm, timedelta(seconds=1))
    advance(firm.crm, timedelta(minutes=10))
    with firm.system() as session:
        again = session.execute(select(JOB.c.id).where(JOB.c.name == "agenda.fire", JOB.c.state == "done")).all()
        assert len(again) >= 1
    assert (firm.count(Lead), firm.count(Action), firm.count(Firing)) == (1, 1, 1)


def _dies(*_):
    message = "pulled the plug"
    raise RuntimeError(message)


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
@pytest.mark.feature("F06", "P8.3")
def test_rules_that_set_each_other_off_are_warned_of_and_stopped_by_the_core(firm):
    again = {"event": "agenda.action.created", "once": "event", "actions": [{"kind": "phone", "person": "anna"}]}
    firm.add(
        TriggerRule(code="a", label_it="A", **again),
        TriggerRule(code="b", label_it="B", **{**RULE, "event": "account.created", "lead": {}}),
    )
    with firm.system() as session:
        assert Rules(session).circles() == [("a",)]
    firm.account("Hotel Miramonti")
    firm.work()

    assert _events(firm, "automation.loop_detected") == 1
    assert firm.count(Action) <= 10


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
@pytest.mark.feature("F06", "P8.3")
def test_a_rule_rests_after_it_fired(firm):
    account = firm.account("Hotel Miramonti", owner="anna")
    spec = {"once": "event", "debounce_minutes": 60, "actions": [{"kind": "phone", "role": "owner"}], "record": "offers.offer:offer_id"}
    firm.add(TriggerRule(code="quiete", label_it="Quiete", event="offers.published", **spec))
    made = []
    for minutes in (0, 30, 31):
        advance(firm.crm, timedelta(minutes=minutes))
        firm.offer(account_id=account.id, revision=minutes)
        made.append(firm.count(Action))
    assert made == [1, 1, 2]


DEPLOYMENT = """
database: sqlite:///crm.db
plugins: [agenda]
settings: {agenda: {trigger_events: [account.created]}}
agenda.roles:
  BENVENUTO: {label: {it: Benvenuto}, assignee: anna}
agenda.templates:
  giro: {label: {it: Giro}, steps: [{kind: phone, role: BENVENUTO}, {kind: visit, role: BENVENUTO, offset: 5}]}
agenda.rules:
  nuovo: {label: {it: Nuova anagrafica}, event: account.created, account: id, template: giro, condition: 'CONDITION'}
agenda.recurring:
  chiamate: {label: {it: Telefonata periodica}, months: 3, steps: [{kind: phone, role: BENVENUTO}]}
"""


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
@pytest.mark.feature("F06", "F07", "P8.2", "P8.3", "P8.4")
def test_a_deployment_configures_it_and_the_commands_answer(tmp_path, database_kind):
    import json

    from click.testing import CliRunner

    from crmcore.cli import crm as command

    def run(*arguments, code=0):
        result = CliRunner().invoke(command, ["-C", str(tmp_path), "--lang", "en", *arguments])
        assert result.exit_code == code, result.output
        return result.output

    file = tmp_path / "crm.yaml"
    file.write_text(DEPLOYMENT.replace("CONDITION", "1 +").replace("account.created,", "account.updated,"), "utf-8")
    run("migrate")
    refused = run("plan", code=3)
    assert "crm.yaml:10:49: agenda.rules.nuovo.event: add the event to trigger_events" in refused
    assert "agenda.rules.nuovo.condition: it does not read as a script" in refused
    file.write_text(DEPLOYMENT.replace("CONDITION", 'account["name"] != ""'), "utf-8")
    run("apply", "--plan", json.loads(run("--json", "plan", code=6))["hash"])
    assert "changes" not in run("plan")
    with Crm.open(tmp_path) as crm:
        with crm.session(Actor.system("test")) as session:
            session.accounts.create(name="Hotel Miramonti", phone1="+39 0424 000012", portfolio="GENERICO")
            session.commit()
        crm.worker().run_until_idle()
        crm.worker().run_until_idle()

    rows = json.loads(run("--json", "agenda", "dashboard", "anna"))
    trace = {row["what"]: row["value"] for row in json.loads(run("--json", "agenda", "rules", "trace", "1"))}
    tried = json.loads(run("--json", "agenda", "rules", "dry-run", "nuovo"))
    assert [row["kind"] for row in rows] == ["phone", "visit"]
    assert (trace["origin"], trace["code"], trace["record"]) == ("template", "giro", "agenda.run 1")
    assert [row["why"] for row in tried] == ["already"]
    assert json.loads(run("--json", "agenda", "feed")) == [{"rule": "chiamate", "created": 1, "cancelled": 0, "without_assignee": 0}]
    run("agenda", "planning", "anna", "--html", str(tmp_path / "page.html"))
    assert "Planning" in (tmp_path / "page.html").read_text("utf-8")
    assert json.loads(run("--json", "agenda", "activity", "--from", "2020-01-01", "--to", "2020-12-31")) == []
    assert run("agenda", "rules", "check").strip() == "No circles."
