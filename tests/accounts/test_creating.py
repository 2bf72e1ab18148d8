"""Creating, finding and changing accounts."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from crmcore import Account, Actor, CharacteristicDef, Label, ValidationFailed
from crmcore.accounts.values import KeyRef
from crmcore.errors import ConfigurationError, RecordNotFound
from crmcore.model import (
    EVENT,
    AccountPortfolio,
    AccountRole,
    BusinessUnit,
    ContactPoint,
    ExternalKey,
    Person,
    Portfolio,
    Preference,
    Site,
    StateRow,
    StateTableRow,
)
from crmcore.testing.plugins import make_plugin

pytestmark = pytest.mark.feature("B01")

STRICT = {"core": {}}
L = Label("Etichetta", "Label")
KEYS = [CharacteristicDef(key=f"toy_{n}", label=L, type="integer") for n in range(5)]
PEOPLE = [{"last_name": name, "first_name": "Anna", "email": f"{name}@example.com"} for name in ("rossi", "bianchi", "verdi")]


def refused(error):
    return [problem.code for problem in error.value.problems]


def create(s, **values):
    return s.accounts.create(**{"name": "Bellini", "phone1": "+39 0424 000012", "portfolio": "GENERICO"} | values)


def count(s, cls):
    return s.scalar(select(func.count()).select_from(cls))


@pytest.mark.feature("B04", "B05", "B07", "B14")
def test_an_account_comes_with_all_that_belongs_to_it_in_one_commit(open_crm):
    crm = open_crm(make_plugin("toy", crm_characteristics=KEYS), settings=STRICT)
    with crm.session("anna") as s:
        s.portfolios.add_unit(2, "BU2")
        s.portfolios.create("RESID", "Residenziale", unit=2)
        account = create(
            s,
            kind="business",
            portfolio={1: "GENERICO", 2: "RESID"},
            roles=["customer", "supplier", "customer"],
            sites=[{"kind": "legal", "street": "Via Roma", "civic": "1", "postcode": "36061", "province": "VI"}, {"kind": "delivery"}],
            people=[
                {**PEOPLE[0], "phone": ["+39 320 0000012", "+39 320 0000013"], "preferences": {"offers": {"email": True, "sms": False}}}
            ],
            contact_points=[{"kind": "phone", "value": "+39 0424 000013", "label": "Magazzino"}],
            external_keys=[KeyRef("onda", "C001"), KeyRef("shop", "77", company="1")],
            characteristics={"toy_0": 7},
            vat_code="00000019992",
        )
        assert account.id is None
        s.commit()
        key = account.id
    with crm.session("bruno") as s:
        account = s.accounts.require(key)
        assert (account.vat_code, account.characteristics["toy_0"], account.owner) == ("00000019992", 7, None)
        assert {unit: node.code for unit, node in s.accounts.portfolios(account).items()} == {1: "GENERICO", 2: "RESID"}
        assert s.accounts.roles(account) == {"customer", "supplier"}
        assert s.accounts.keys(account) == [KeyRef("onda", "C001"), KeyRef("shop", "77", "1")]
        for cls, expected in ((Site, 2), (Person, 1), (ContactPoint, 4), (Preference, 2), (AccountPortfolio, 2), (AccountRole, 2)):
            assert count(s, cls) == expected
        assert {row.entity_id for row in s.scalars(select(ExternalKey))} == {key}
        assert {row.account_id for row in s.scalars(select(ContactPoint))} == {key}


def work_of(statements):
    """Leave out where transactions begin and end."""
    return [statement for statement in statements if not statement.startswith(("BEGIN", "COMMIT"))]


def test_an_account_with_three_people_and_five_characteristics_takes_few_statements(open_crm, count_statements):
    crm = open_crm(make_plugin("toy", crm_characteristics=KEYS), settings=STRICT)
    people = [{"last_name": person["last_name"]} for person in PEOPLE]
    values = {definition.key: number for number, definition in enumerate(KEYS)}
    with crm.session("anna") as s:
        create(s)
        s.commit()
    with crm.session("anna") as s, count_statements(crm) as statements:
        create(s, people=people, characteristics=values)
        s.commit()
    # Eight as in the bench (W2), which has no portfolios: finding the portfolio and placing the account in it are one more each.
    assert len(work_of(statements)) <= 10, "\n".join(statements)


def test_many_accounts_in_one_commit_take_no_more_statements_than_one(open_crm, count_statements):
    crm = open_crm(settings=STRICT)
    with crm.session("anna") as s, count_statements(crm) as few:
        create(s, people=PEOPLE)
        create(s, people=PEOPLE)
        s.commit()
    with crm.session("anna") as s, count_statements(crm) as many:
        for _ in range(20):
            create(s, people=PEOPLE)
        s.commit()
    assert len(work_of(many)) <= len(work_of(few)) + 1


@pytest.mark.feature("B15", "I-1")
def test_by_default_name_phone_and_primary_portfolio_are_asked_for_together(open_crm):
    crm = open_crm(settings=STRICT)
    with crm.session("anna") as s, pytest.raises(ValidationFailed) as error:
        s.accounts.create(name=" ")
        s.commit()
    assert [(p.code, p.params.get("field")) for p in error.value.problems] == [
        ("VALUE_MISSING", "name"),
        ("VALUE_MISSING", "phone1"),
        ("ACCOUNT_NO_PORTFOLIO", None),
    ]
    assert "portafoglio primario" in error.value.text("it")


@pytest.mark.feature("B15", "I-1")
@pytest.mark.parametrize(
    ("values", "codes"),
    [
        ({"phone1": "  "}, ["VALUE_MISSING"]),
        ({"portfolio": None}, ["ACCOUNT_NO_PORTFOLIO"]),
        ({"portfolio": {}}, ["ACCOUNT_NO_PORTFOLIO"]),
        ({}, []),
    ],
)
def test_each_of_the_three_is_compulsory(open_crm, values, codes):
    crm = open_crm(settings=STRICT)
    with crm.session("anna") as s:
        create(s, **values)
        if not codes:
            s.commit()
            return
        with pytest.raises(ValidationFailed) as error:
            s.commit()
    assert refused(error) == codes


@pytest.mark.feature("B15", "I-1")
def test_whoever_writes_the_rule_holds_also_without_the_api(open_crm):
    crm = open_crm(settings=STRICT)
    with crm.session("anna") as s:
        s.add(Account(name="Bellini", phone1="1"))
        with pytest.raises(ValidationFailed) as error:
            s.commit()
        assert refused(error) == ["ACCOUNT_NO_PORTFOLIO"]
        account = s.add(Account(name="Bellini", phone1="1"))
        s.flush()
        node = s.portfolios.get("GENERICO")
        s.add(AccountPortfolio(account_id=account.id, business_unit_id=node.business_unit_id, portfolio_id=node.id))
        s.commit()
        account.phone1 = None
        with pytest.raises(ValidationFailed) as error:
            s.commit()
        assert refused(error) == ["VALUE_MISSING"]


@pytest.mark.feature("B15", "I-1")
def test_the_primary_portfolio_of_an_old_account_cannot_be_taken_away_or_lent(open_crm):
    crm = open_crm(settings=STRICT)
    with crm.session("anna") as s:
        account, other = create(s), create(s, name="Other")
        s.commit()
        keys = account.id, other.id
        s.accounts.set_portfolio(account, 1, None)
        with pytest.raises(ValidationFailed) as error:
            s.commit()
        assert refused(error) == ["ACCOUNT_NO_PORTFOLIO"]
    with crm.session("anna") as s:
        s.accounts.set_portfolio(s.accounts.require(keys[1]), 1, None)
        s.flush()
        s.scalar(select(AccountPortfolio).where(AccountPortfolio.account_id == keys[0])).account_id = keys[1]
        with pytest.raises(ValidationFailed) as error:
            s.commit()
        assert refused(error) == ["ACCOUNT_NO_PORTFOLIO"]


@pytest.mark.feature("B15", "I-1")
def test_a_deployment_asks_for_more_or_less(open_crm):
    crm = open_crm(settings={"core": {"required_account_fields": ["name", "email"]}})
    with crm.session("anna") as s:
        s.accounts.create(name="Bellini")
        with pytest.raises(ValidationFailed) as error:
            s.commit()
        assert [problem.params["field"] for problem in error.value.problems] == ["email"]
        s.accounts.create(name="Bellini", email="info@example.com")
        s.commit()


@pytest.mark.feature("B15", "N02", "P2.8")
def test_a_deployment_file_sets_the_core(tmp_path):
    from crmcore import Crm

    file = tmp_path / "crm.yaml"
    file.write_text("database: sqlite:///crm.db\nsettings:\n  core:\n    required_account_fields: [name]\n", "utf-8")
    with Crm.open(tmp_path, migrate=True) as crm:
        assert crm.settings("core")["required_account_fields"] == ("name",)
        assert crm.settings("core")["unique_tax_codes"] == "warning"
    file.write_text("database: sqlite:///crm.db\nsettings:\n  core:\n    required_account_fields: [nam]\n", "utf-8")
    with pytest.raises(ConfigurationError, match=r"required_account_fields\[0\]"):
        Crm.open(tmp_path)
    with pytest.raises(ConfigurationError, match="required"):
        Crm.open("sqlite://", settings={"core": {"required": []}})


@pytest.mark.feature("B04")
def test_a_kind_that_does_not_exist_is_told_with_those_that_do_and_with_everything_else(open_crm):
    crm = open_crm(settings=STRICT)
    with crm.session("anna") as s:
        create(s, kind="b2b", phone1=None, sites=[{"kind": "home"}], contact_points=[{"kind": "fax", "value": "0424 000012"}])
        with pytest.raises(ValidationFailed) as error:
            s.commit()
    told = [(problem.code, problem.params["entity"], problem.params["field"]) for problem in error.value.problems]
    assert sorted(told) == [
        ("VALUE_INVALID", "account", "kind"),
        ("VALUE_INVALID", "contact_point", "kind"),
        ("VALUE_INVALID", "site", "kind"),
        ("VALUE_MISSING", "account", "phone1"),
    ]
    assert "'b2b' non è valido, atteso uno tra business, retail" in error.value.text("it")
    assert "one of legal, operative, delivery, billing" in error.value.text("en")


@pytest.mark.feature("I-1")
def test_what_an_erp_brings_without_a_phone_is_taken_and_marked(open_crm):
    crm = open_crm(settings=STRICT)
    with crm.session(Actor.system("erp"), source="erp:onda") as s:
        account = create(s, phone1=None)
        s.commit()
        assert account.incomplete
        key = account.id
        with pytest.raises(ValidationFailed):
            create(s, phone1=None, kind="retail")
            s.commit()
    with crm.session("anna") as s:
        account = s.accounts.update(s.accounts.require(key), web="example.com")
        s.commit()
        assert account.incomplete
        s.accounts.update(account, phone1="+39 0424 000012")
        s.commit()
        assert not account.incomplete
        with pytest.raises(ValidationFailed):
            s.add(Account(name="By hand", incomplete=True))
            s.commit()


def test_unknown_names_and_codes_are_reported_together_before_anything_is_added(open_crm):
    crm = open_crm(settings=STRICT)
    with crm.session("anna") as s:
        with pytest.raises(ValidationFailed) as error:
            create(s, phone="1", sites=[{"strada": "x"}], people=[{"last_name": "Rossi", "mail": "x"}])
        assert [problem.params["field"] for problem in error.value.problems] == ["phone", "strada", "mail"]
        assert "(phone1?)" in error.value.text("it")
        with pytest.raises(ValidationFailed) as error:
            create(s, portfolio={1: "NESSUNO", 7: "GENERICO"})
        assert refused(error) == ["CODE_UNKNOWN", "CODE_UNKNOWN"]
        assert not s.unit.has_work()


@pytest.mark.feature("I-5", "I-20")
def test_an_account_is_found_by_id_uid_and_key_and_a_merged_one_leads_to_its_survivor(open_crm):
    crm = open_crm()
    with crm.session("anna") as s:
        first, second, third = (s.accounts.create(name=name, external_keys=[KeyRef("onda", name)]) for name in "ABC")
        s.commit()
        for key in (first.id, first.uid, KeyRef("onda", "A")):
            assert s.accounts.get(key) is first
        assert s.accounts.get_by_key("onda", "A") is first
        assert [s.accounts.get(key) for key in (10_000, "nonsense", "0190163d-8694-739b-aea5-966c26f8ad90", KeyRef("x", "A"))] == [None] * 4
        with pytest.raises(RecordNotFound):
            s.accounts.require("nonsense")
        third.merged_into_id, second.merged_into_id = second.id, first.id
        s.commit()
        for key in (third.id, third.uid, KeyRef("onda", "C"), second.id):
            assert s.accounts.get(key) is first
        assert [account.name for account in s.scalars(select(Account).where(s.accounts.living()))] == ["A"]


@pytest.mark.feature("I-5")
def test_nothing_is_written_to_a_merged_account(open_crm):
    crm = open_crm()
    with crm.session("anna") as s:
        survivor, merged = s.accounts.create(name="A"), s.accounts.create(name="B")
        s.commit()
        merged.merged_into_id = survivor.id
        s.commit()
        keys = merged.id, survivor.id
    for write in (
        lambda s, account: s.accounts.update(account, name="C"),
        lambda s, account: s.accounts.add_site(account, kind="legal"),
        lambda s, account: s.accounts.add_person(account, "Rossi"),
        lambda s, account: s.accounts.add_role(account, "customer"),
        lambda s, account: s.interactions.add(account, "note", text="x"),
        lambda s, account: s.consents.revoke(account),
    ):
        with crm.session("anna") as s:
            write(s, s.require(Account, keys[0]))
            with pytest.raises(ValidationFailed) as error:
                s.commit()
            assert refused(error) == ["ACCOUNT_MERGED"]
            assert error.value.problems[0].params == {"id": keys[0], "survivor": keys[1]}
    with crm.session("anna") as s:
        merged = s.require(Account, keys[0])
        merged.merged_into_id, merged.name = None, "Again"
        s.commit()
        assert s.accounts.get(keys[0]) is merged


@pytest.mark.feature("I-5")
def test_what_is_written_while_somebody_else_merges_is_refused_too(open_crm):
    crm = open_crm()
    with crm.session("anna") as s:
        survivor, other = s.accounts.create(name="A"), s.accounts.create(name="B")
        s.commit()
    with crm.session("bruno") as mine:
        account = mine.accounts.require(other.id)
        with crm.session("anna") as s:
            s.require(Account, other.id).merged_into_id = survivor.id
            s.commit()
        mine.accounts.add_person(account, "Rossi")
        with pytest.raises(ValidationFailed, match="ACCOUNT_MERGED"):
            mine.commit()


@pytest.mark.feature("I-6")
def test_a_blocked_account_takes_history_and_no_documents(open_crm):
    crm = open_crm()
    with crm.session(Actor.system("test")) as s:
        blocked = next((row for row in s.scalars(select(StateRow).order_by(StateRow.id)) if row.flags.get("blocked")), None)
        if blocked is None:
            table = s.add(StateTableRow(name="toy", entity="account", label_it="Toy"))
            s.flush()
            blocked = s.add(StateRow(table_id=table.id, code="B", label_it="Bloccato", flags={"blocked": True}))
            s.commit()
        account, other = s.accounts.create(name="A"), s.accounts.create(name="B")
        s.commit()
    with crm.engine.begin() as connection:
        table = Account.__table__
        connection.execute(table.update().where(table.c.id == account.id).values(state=blocked.code))
    with crm.session("anna") as s:
        account, other = s.accounts.require(account.id), s.accounts.require(other.id)
        assert [s.accounts.is_blocked(each) for each in (account, other)] == [True, False]
        s.accounts.require_unblocked(other)
        with pytest.raises(ValidationFailed, match="ACCOUNT_BLOCKED"):
            s.accounts.require_unblocked(account)
        s.interactions.add(account, "phone", text="Ha telefonato")
        s.commit()


@pytest.mark.feature("I-7", "B10")
def test_only_the_owner_or_the_system_decides_about_privacy(open_crm):
    crm = open_crm()
    with crm.session("anna") as s:
        mine = s.accounts.create(name="Mine", private=True)
        shared = s.accounts.create(name="Shared", owner="carla")
        s.commit()
        assert (mine.owner, mine.private) == ("anna", True)
    attempts = [
        lambda s: setattr(s.accounts.require(mine.id), "private", False),
        lambda s: setattr(s.accounts.require(shared.id), "private", True),
        lambda s: s.accounts.change_owner(s.accounts.require(mine.id), "bruno"),
        lambda s: s.accounts.update(s.accounts.require(shared.id), owner="bruno", private=True),
        lambda s: s.accounts.create(name="Others", private=True, owner="anna"),
        lambda s: s.add(Account(name="Nobody's", private=True)),
    ]
    for attempt in attempts:
        with crm.session("bruno") as s:
            attempt(s)
            with pytest.raises(ValidationFailed) as error:
                s.commit()
            assert refused(error) == ["ACCOUNT_PRIVATE"]
    with crm.session("anna") as s:
        s.accounts.update(s.accounts.require(mine.id), private=False)
        s.commit()
    with crm.session(Actor.system("migration")) as s:
        s.accounts.update(s.accounts.require(mine.id), private=True)
        s.commit()


@pytest.mark.feature("B10")
def test_a_change_of_owner_is_told(open_crm):
    crm = open_crm()
    with crm.session("anna") as s:
        account = s.accounts.create(name="A", owner="anna")
        s.commit()
        s.accounts.change_owner(account, "bruno")
        s.commit()
        s.accounts.change_owner(account, "bruno")
        s.commit()
    with crm.engine.connect() as connection:
        told = connection.execute(select(EVENT.c.payload).where(EVENT.c.type == "account.owner_changed")).scalars().all()
    assert told == [{"account_id": account.id, "old": "anna", "new": "bruno"}]


@pytest.mark.feature("I-4")
@pytest.mark.parametrize(
    ("field", "given", "stored"),
    [
        ("vat_code", "00000019992", "00000019992"),
        ("vat_code", " IT 0000 0019992", "00000019992"),
        ("vat_code", "atu12345678", "ATU12345678"),
        ("vat_code", "", None),
        ("fiscal_code", "rssmra80a01l840j", "RSSMRA80A01L840J"),
        ("fiscal_code", "00000019992", "00000019992"),
    ],
)
def test_codes_are_text_with_their_zeros(open_crm, field, given, stored):
    crm = open_crm()
    with crm.session("anna") as s:
        key = s.add(Account(name="A", **{field: given}))
        s.commit()
    with crm.session("anna") as s:
        assert getattr(s.accounts.require(key.id), field) == stored


@pytest.mark.feature("I-4")
@pytest.mark.parametrize(
    ("field", "given"),
    [
        ("vat_code", "19992"),
        ("vat_code", "000000199921"),
        ("vat_code", "0000001999X"),
        ("vat_code", "IT123"),
        ("vat_code", "٠٠٠٠٠٠١٩٩٩٢"),
        ("fiscal_code", "RSSMRA80A01L840"),
        ("fiscal_code", "12345678901234AB"),
        ("fiscal_code", "RSSMRA80A01L84-J"),
    ],
)
def test_codes_of_a_wrong_length_or_with_wrong_characters_are_refused(open_crm, field, given):
    crm = open_crm()
    with crm.session("anna") as s:
        s.add(Account(name="A", **{field: given}))
        with pytest.raises(ValidationFailed) as error:
            s.commit()
    assert refused(error) == ["TAX_CODE_INVALID"]


@pytest.mark.feature("I-4")
def test_a_code_that_is_a_number_is_refused_because_its_zeros_are_gone(open_crm):
    crm = open_crm()
    with crm.session("anna") as s, pytest.raises(ValidationFailed) as error:
        s.add(Account(name="A", vat_code=19992))
        s.commit()
    assert refused(error) == ["VALUE_INVALID"]


@pytest.mark.feature("I-4")
def test_a_repeated_code_is_a_warning_unless_the_deployment_refuses_it(open_crm):
    crm = open_crm()
    with crm.session("anna") as s:
        accounts = [s.accounts.create(name=name, vat_code="00000019992") for name in "ABC"]
        other = s.accounts.create(name="D", vat_code="00000029991")
        s.commit()
        accounts[2].merged_into_id = accounts[0].id
        s.commit()
        (warning,) = s.accounts.warnings(accounts[0])
        assert (warning.code, warning.params["others"]) == ("TAX_CODE_REPEATED", str(accounts[1].id))
        assert s.accounts.warnings(other) == []
    crm = open_crm(settings={"core": {"required_account_fields": ["name"], "unique_tax_codes": "error"}})
    with crm.session("anna") as s:
        s.accounts.update(s.accounts.require(accounts[1].id), name="B2")
        s.commit()
        s.accounts.update(s.accounts.require(other.id), vat_code="00000019992")
        with pytest.raises(ValidationFailed) as error:
            s.commit()
        assert refused(error) == ["TAX_CODE_REPEATED"]


@pytest.mark.feature("B03")
def test_roles_keys_and_portfolios_change_without_surprises(open_crm):
    crm = open_crm()
    with crm.session("anna") as s:
        s.portfolios.create("RESID")
        account = s.accounts.create(name="A", roles=["prospect"], portfolio="GENERICO")
        s.accounts.add_role(account, "prospect")
        s.accounts.add_role(account, "supplier")
        s.accounts.set_portfolio(account, 1, "RESID")
        s.commit()
        assert s.accounts.roles(account) == {"prospect", "supplier"}
        assert s.accounts.portfolios(account)[1].code == "RESID"
        s.accounts.remove_role(account, "prospect")
        s.accounts.remove_role(account, "nothing")
        s.accounts.remove_role(account, "supplier")
        s.accounts.add_role(account, "supplier")
        s.accounts.set_portfolio(account, 1, None)
        s.accounts.set_portfolio(account, 1, "GENERICO")
        link = s.accounts.link(account, "onda", "C1")
        s.commit()
        assert s.accounts.link(account, "onda", "C1") is link
        assert s.accounts.roles(account) == {"supplier"}
        assert s.accounts.portfolios(account)[1].code == "GENERICO"
        other = s.accounts.create(name="B")
        s.commit()
        with pytest.raises(ValidationFailed, match="EXTERNAL_KEY_TAKEN"):
            s.accounts.link(other, "onda", "C1")


@pytest.mark.feature("B02", "B03", "E03")
def test_a_supplier_to_be_is_an_account_like_any_other_and_becomes_a_supplier_and_a_customer(open_crm):
    crm = open_crm()
    with crm.session("anna") as s:
        wood = s.accounts.create(
            name="Legnami Brenta",
            phone1="+39 0424 000012",
            portfolio="GENERICO",
            roles=["supplier"],
            state="lead",
            people=[{"last_name": "Verdi", "email": "verdi@example.com", "preferences": {"rfq": {"email": True}}}],
        )
        s.commit()
        person = s.scalars(select(Person)).one()
        assert s.accounts.may_contact(person, "rfq", "email").addresses == ("verdi@example.com",)
        s.interactions.add(wood, "request", person=person, text="Offerta per 40 letti")
        s.states.change(wood, "prospect")
        s.accounts.add_role(wood, "customer")
        s.commit()
        s.states.change(wood, "customer", reason="Ora compra anche")
        s.commit()
        key = wood.id
    with crm.session("bruno") as s:
        # One record all the way, with its history.
        for role in ("supplier", "customer"):
            [found] = s.accounts.find({"field": "role", "op": "eq", "value": role})
            assert (found.id, found.state, [change.new for change in s.states.history(found)]) == (
                key,
                "customer",
                ["prospect", "customer"],
            )
        assert [(each.kind, each.person) for each in s.interactions.timeline(found)] == [("request", "Verdi")]


def test_an_update_changes_fields_and_some_characteristics(open_crm):
    crm = open_crm(make_plugin("toy", crm_characteristics=KEYS))
    with crm.session("anna") as s:
        account = s.accounts.create(name="A", characteristics={"toy_0": 1, "toy_1": 2})
        s.commit()
        s.accounts.update(account, name="B", web="example.com", characteristics={"toy_0": None, "toy_2": 3})
        s.commit()
        assert (account.name, dict(account.characteristics)) == ("B", {"toy_1": 2, "toy_2": 3})
        with pytest.raises(ValidationFailed, match="FIELD_UNKNOWN"):
            s.accounts.update(account, version=3)


def test_every_database_starts_with_one_unit_and_one_portfolio_and_again_changes_nothing(open_crm):
    crm = open_crm()
    for _ in range(2):
        with crm.session("anna") as s:
            assert [unit.number for unit in s.scalars(select(BusinessUnit))] == [1]
            assert [node.code for node in s.scalars(select(Portfolio))] == ["GENERICO"]
        crm.migrate()


@pytest.mark.feature("B10", "I-72")
def test_asking_the_rules_about_a_change_tells_nothing_and_writes_nothing(open_crm):
    from crmcore.session.changes import collect_changes

    crm = open_crm()
    with crm.session("anna") as s:
        account, top, below = s.accounts.create(name="A", owner="anna"), s.portfolios.create("TOP"), s.portfolios.create("BELOW")
        under = s.portfolios.create("UNDER", parent=below)
        s.commit()
        path = under.path
        account.owner, below.parent_id = "bruno", top.id
        assert s.unit.problems_of(collect_changes(s.orm)) == []
        assert s.unit.events == []
        assert s.scalar(select(Portfolio.path).where(Portfolio.id == under.id)) == path
        s.commit()
        assert under.path == f"{top.id}/{path}"
