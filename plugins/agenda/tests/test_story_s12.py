"""Story S12: a commercial campaign as a sequence of actions; delegation; templates that change and go on."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from crmcore_agenda.actions import Actions
from crmcore_agenda.analysis import By, sales_activity
from crmcore_agenda.dashboard import Dashboard
from crmcore_agenda.model import Action, ActionTemplate, TemplateRun
from crmcore_agenda.templates import Templates
from sqlalchemy import select

from crmcore import ValidationFailed
from crmcore.model import AccountRole, Person

pytestmark = pytest.mark.feature("S12", "F01", "F02", "E08", "I-50", "I-51", "I-52", "P8.2")

SCRIPT = (
    "Buongiorno {contact.title} {contact.last_name}, la stiamo contattando dall'azienda {company.name} per la promozione inerente il nuovo "
    "prodotto con codice {product.code}"
)
STEPS = [
    {"name": "Invio catalogo", "kind": "mailing", "offset": 0, "role": "seller"},
    {"name": "E-mail di cortesia", "kind": "email", "offset": 2, "role": "seller"},
    {"name": "Visita agente", "kind": "visit", "offset": 10, "role": "seller"},
    {"name": "Feedback", "kind": "feedback", "offset": 20, "role": "seller", "script": SCRIPT},
]
START = date(2026, 9, 7)


@pytest.fixture
def campaign(firm):
    """Forty names, of which twelve fit; ten of those have a contact person."""
    sellers = firm.people()
    with firm.system() as session:
        for number in range(40):
            fits = number < 12
            province = "VI" if fits or number % 2 else "PD"
            account = session.accounts.create(
                name=f"Mobili {number:02}",
                phone1=f"+39 0424 0001{number:02}",
                portfolio="GENERICO",
                sites=[{"kind": "legal", "province": province}],
            )
            session.flush()
            account.seller_id, account.seller_source = sellers["A1"], "manual"
            if fits or number % 2 == 0:
                session.add(AccountRole(account_id=account.id, role="rivenditore"))
            if number < 10:
                session.add(Person(account_id=account.id, title="signor", first_name="Mario", last_name="Rossi"))
        session.add(ActionTemplate(code="promo", label_it="Promozione", steps=STEPS))
        session.commit()
    firm.at(2026, 9, 7)
    _generate(firm)
    return firm


def _generate(firm):
    with firm.session("admin") as session:
        node = {"and": [{"field": "site.province", "op": "eq", "value": "VI"}, {"field": "role", "op": "eq", "value": "rivenditore"}]}
        accounts = session.search.find("account", node, page=100)
        started = Templates(session).start_many("promo", accounts, START, batch="promo-2026", extra={"product": {"code": "76656"}})
        session.commit()
        return started


def _close(firm, title, count):
    with firm.session("anna") as session:
        wanted = select(Action).where(Action.title == title, Action.closed.is_(False)).order_by(Action.account_id)
        for action in session.scalars(wanted.limit(count)).all():
            Actions(session).done(action, "Fatto")
        session.commit()


def test_twelve_names_get_four_actions_each_on_the_days_of_the_story(campaign):
    actions = campaign.all(Action)
    days = {action.title: action.due.isoformat() for action in actions}
    texts = {action.text for action in actions if action.title == "Feedback"}
    again = _generate(campaign)

    assert len(actions) == 48
    assert days == {
        "Invio catalogo": "2026-09-07",
        "E-mail di cortesia": "2026-09-09",
        "Visita agente": "2026-09-21",
        "Feedback": "2026-10-05",
    }
    assert texts == {
        "",
        (
            "Buongiorno signor Rossi, la stiamo contattando dall'azienda Metropolis spa per la promozione inerente il nuovo prodotto "
            "con codice 76656"
        ),
    }
    assert sum(action.text_missing for action in actions) == 2
    assert (again.actions, again.already, campaign.count(Action)) == ((), 12, 48)


def test_lateness_completion_and_productivity_on_25_september(campaign):
    campaign.at(2026, 9, 10)
    _close(campaign, "Invio catalogo", 12)
    _close(campaign, "E-mail di cortesia", 12)
    campaign.at(2026, 9, 21)
    _close(campaign, "Visita agente", 5)
    campaign.at(2026, 9, 25)

    with campaign.session("anna") as session:
        late = [row for row in Dashboard(session).mine(page=100).rows if row.red]
        progress = Templates(session).progress(batch="promo-2026")
        by_user = sales_activity(session, date(2026, 9, 1), date(2026, 9, 30), By.USER)
        by_kind = {line.key: line.done for line in sales_activity(session, date(2026, 9, 1), date(2026, 9, 30), By.KIND)}
    assert [(row.title, row.late) for row in late] == [("Visita agente", 4)] * 7
    assert (progress.done, progress.total, progress.percent, progress.late, progress.reached) == (29, 48, Decimal("60.42"), 7, False)
    assert [(line.key, line.done) for line in by_user] == [("anna", 29)]
    assert {key: count for key, count in by_kind.items() if count} == {"mailing": 12, "email": 12, "visit": 5}


def test_a_delegated_visit_is_on_both_dashboards_once_and_comes_back_when_refused(campaign):
    campaign.at(2026, 9, 21)
    with campaign.session("anna") as session:
        visit = session.scalars(select(Action).where(Action.title == "Visita agente").limit(1)).one()
        Actions(session).delegate(visit, "giulia", date(2026, 9, 24))
        session.commit()
        delegated = [row.id for row in Dashboard(session).delegated().rows]
    with campaign.session("giulia") as session:
        hers = [(row.id, row.due, row.account) for row in Dashboard(session).mine().rows]
        others = session.get(Action, visit.id + 1)
        Actions(session).refuse(session.require(Action, visit.id), "Non è la mia zona")
        session.commit()
        left = Dashboard(session).mine().rows
    with campaign.session("anna") as session:
        back = session.require(Action, visit.id)

    assert (delegated, hers) == ([visit.id], [(visit.id, date(2026, 9, 24), "")])
    assert (others, left, campaign.count(Action)) == (None, (), 48)
    assert (back.assignee, back.due, back.state, back.delegator) == ("anna", date(2026, 9, 21), "todo", None)


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_a_running_sequence_goes_on_as_it_was_when_it_began(firm):
    account = firm.account("Hotel Miramonti", owner="anna")
    steps = [
        {"name": "Chiamata", "kind": "phone", "role": "owner"},
        {"name": "Visita", "kind": "visit", "role": "owner", "anchor": "previous_done", "offset": 2},
        {
            "name": "Rinnovo",
            "kind": "phone",
            "role": "owner",
            "anchor": "field:scadenza",
            "offset": -10,
            "unit": "working",
            "mandatory": False,
        },
    ]
    template = firm.add(ActionTemplate(code="giro", label_it="Giro", steps=steps))
    with firm.session("anna") as session:
        started = Templates(session).start("giro", session.accounts.require(account.id), dates={"scadenza": date(2026, 6, 30)})
        session.commit()
        run, version = started.runs[0].id, started.runs[0].template_version
        dues = {action.title: action.due for action in started.actions}
    with firm.system() as session:
        session.require(ActionTemplate, template.id).steps = steps[:1]
        session.commit()
    firm.at(2026, 5, 15)
    with firm.session("anna") as session:
        Actions(session).done(session.scalars(select(Action).where(Action.title == "Chiamata")).one(), "Interessato")
        session.commit()
    firm.work()
    with firm.session("anna") as session:
        visit = session.scalars(select(Action).where(Action.title == "Visita")).one()
        progress = Templates(session).progress(session.require(TemplateRun, run))
        Actions(session).done(visit, "Fatta")
        session.commit()
        reached = Templates(session).progress(session.require(TemplateRun, run)).reached

    assert dues == {"Chiamata": date(2026, 5, 11), "Rinnovo": date(2026, 6, 16)}
    assert (visit.due, version, progress.total, progress.done, progress.reached) == (date(2026, 5, 19), 1, 3, 1, False)
    assert reached


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_a_template_that_cannot_start_everywhere_starts_nowhere(firm):
    with_owner, without = firm.account("A", owner="anna"), firm.account("B")
    firm.add(
        ActionTemplate(
            code="giro", label_it="Giro", steps=[{"kind": "phone", "role": "owner"}, {"kind": "visit", "anchor": "field:scadenza"}]
        )
    )
    with firm.session("anna") as session:
        accounts = [session.accounts.require(each.id) for each in (with_owner, without)]
        with pytest.raises(ValidationFailed) as refusal:
            Templates(session).start_many("giro", accounts, batch="x")
        session.commit()

    codes = [problem.code for problem in refusal.value.problems]
    assert codes == ["AGENDA_ANCHOR_MISSING", "AGENDA_ROLE_EMPTY", "AGENDA_ANCHOR_MISSING"]
    assert (firm.count(Action), firm.count(TemplateRun)) == (0, 0)
