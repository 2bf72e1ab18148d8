"""Sites, people, preferences, consents, and whether somebody may be contacted."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from crmcore import CrmError, ValidationFailed
from crmcore.model import Account, Consent, ContactPoint, Person, Preference, Site

pytestmark = pytest.mark.feature("B05")


def refused(error):
    return [problem.code for problem in error.value.problems]


@pytest.fixture
def crm(open_crm):
    return open_crm()


@pytest.fixture
def account(crm):
    with crm.session("anna") as s:
        made = s.accounts.create(name="Bellini", email="info@example.com")
        s.commit()
    return made.id


# I-8


@pytest.mark.feature("B07", "I-8")
def test_a_company_has_one_legal_site_once_it_is_known(crm, account):
    with crm.session("anna") as s:
        s.accounts.add_site(s.accounts.require(account), kind="operative")
        s.commit()
        legal = s.accounts.add_site(s.accounts.require(account), kind="legal")
        s.commit()
        key = legal.id

    def second(s):
        s.accounts.add_site(s.accounts.require(account), kind="legal")

    def promote(s):
        s.scalar(select(Site).where(Site.kind == "operative")).kind = "legal"

    def demote(s):
        s.require(Site, key).kind = "billing"

    def disable(s):
        s.require(Site, key).disabled = True

    def remove(s):
        s.delete(s.require(Site, key))

    for change, code in (
        (second, "ACCOUNT_LEGAL_SITES"),
        (promote, "ACCOUNT_LEGAL_SITES"),
        (demote, "ACCOUNT_NO_LEGAL_SITE"),
        (disable, "ACCOUNT_NO_LEGAL_SITE"),
        (remove, "ACCOUNT_NO_LEGAL_SITE"),
    ):
        with crm.session("anna") as s:
            change(s)
            with pytest.raises(ValidationFailed) as error:
                s.commit()
            assert refused(error) == [code], change.__name__
    with crm.session("anna") as s:
        demote(s)
        second(s)
        s.commit()


@pytest.mark.feature("I-8")
def test_two_legal_sites_of_a_new_company_are_refused_and_one_may_be_asked_for(open_crm):
    crm = open_crm(settings={"core": {"required_account_fields": ["name", "legal_site"]}})
    with crm.session("anna") as s:
        s.accounts.create(name="A", sites=[{"kind": "legal"}, {"kind": "legal"}])
        s.accounts.create(name="B", sites=[{"kind": "operative"}])
        with pytest.raises(ValidationFailed) as error:
            s.commit()
        assert refused(error) == ["ACCOUNT_LEGAL_SITES", "ACCOUNT_NO_LEGAL_SITE"]
        s.accounts.create(name="C", kind="retail")
        s.accounts.create(name="D", sites=[{"kind": "legal"}])
        s.commit()


@pytest.mark.feature("I-8", "B04")
def test_a_person_at_home_may_become_a_company_only_with_one_legal_site(crm):
    with crm.session("anna") as s:
        retail = s.accounts.create(name="Rossi", kind="retail", sites=[{"kind": "legal"}, {"kind": "legal"}])
        s.commit()
        retail.kind = "business"
        with pytest.raises(ValidationFailed) as error:
            s.commit()
        assert refused(error) == ["ACCOUNT_LEGAL_SITES"]


@pytest.mark.feature("I-8")
def test_two_sessions_cannot_each_add_a_legal_site(crm, account):
    barrier = threading.Barrier(2, timeout=30)
    answers = []

    def add():
        with crm.session("anna") as s:
            found = s.accounts.require(account)
            s.rollback()
            found = s.accounts.require(account)
            barrier.wait()
            s.accounts.add_site(found, kind="legal")
            try:
                s.commit()
                answers.append("added")
            except CrmError as error:
                answers.append((error.problems[0] if error.problems else error).code)

    threads = [threading.Thread(target=add) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == ["ACCOUNT_LEGAL_SITES", "added"]


# I-9


@pytest.mark.feature("I-9")
def test_the_address_as_it_was_given_stays_beside_its_parts(crm, account):
    with crm.session("anna") as s:
        given = s.accounts.add_site(
            s.accounts.require(account), raw="v. roma 1 bassano d. g.", street="Via Roma", civic="1", province=" vi "
        )
        made = s.accounts.add_site(
            s.accounts.require(account), street="Via Roma", civic="1", postcode="36061", municipality="Bassano del Grappa", province="VI"
        )
        point = s.accounts.add_contact_point(s.accounts.require(account), kind="phone", value="0424/000012")
        s.commit()
        assert (given.raw, given.province) == ("v. roma 1 bassano d. g.", "VI")
        assert made.raw == "Via Roma 1, 36061 Bassano del Grappa (VI)"
        made.street, point.value = "VIA ROMA", "+390424000012"
        s.commit()
        assert (made.raw, point.raw) == ("Via Roma 1, 36061 Bassano del Grappa (VI)", "0424/000012")


@pytest.mark.feature("I-9")
@pytest.mark.parametrize(
    ("parts", "unverified"),
    [
        ({"province": "VI", "postcode": "36061", "istat_code": "024012"}, False),
        ({"province": "VI"}, False),
        ({}, False),
        ({"province": "PD", "postcode": "36061"}, True),
        ({"province": "VI", "istat_code": "028060"}, True),
        ({"postcode": "36061", "istat_code": "028060"}, True),
        ({"province": "XX"}, True),
        ({"postcode": "3606"}, True),
        ({"postcode": "36O61"}, True),
        ({"istat_code": "24012"}, True),
        ({"province": "MB", "postcode": "20900", "istat_code": "108033"}, False),
        ({"province": "Tirol", "postcode": "6020", "country": "at"}, None),
        ({"postcode": "6020", "country": "at"}, False),
    ],
)
def test_an_italian_address_whose_parts_disagree_is_flagged(crm, account, parts, unverified):
    with crm.session("anna") as s:
        site = s.accounts.add_site(s.accounts.require(account), **parts)
        if unverified is None:
            with pytest.raises(ValidationFailed, match="VALUE_INVALID"):
                s.commit()
            return
        s.commit()
        assert site.address_unverified is unverified
        assert [warning.code for warning in s.accounts.warnings(s.accounts.require(account))] == ["ADDRESS_UNVERIFIED"] * unverified


@pytest.mark.feature("I-9")
def test_whoever_knows_better_clears_the_flag_until_the_address_changes(crm, account):
    with crm.session("anna") as s:
        site = s.accounts.add_site(s.accounts.require(account), province="PD", postcode="36061")
        s.commit()
        site.address_unverified = False
        s.commit()
        site.street = "Via Roma"
        s.commit()
        assert site.address_unverified is False
        site.postcode = "36100"
        s.commit()
        assert site.address_unverified is True


# People and preferences


@pytest.mark.feature("B06")
def test_the_matrix_of_a_person_is_data(crm, account, open_crm):
    with crm.session("anna") as s:
        person = s.accounts.add_person(s.accounts.require(account), "Rossi", preferences={"offers": {"email": True}})
        s.accounts.set_preference(person, "offers", "phone", False)
        s.accounts.set_preference(person, "offers", "phone", True)
        s.commit()
        s.accounts.set_preference(person, "offers", "email", False)
        s.accounts.set_preference(person, "offers", "phone", None)
        s.accounts.set_preference(person, "visits", "phone", True)
        s.commit()
        matrix = s.accounts.preferences(person)
        assert list(matrix) == ["offers", "newsletter", "rfq", "invoices", "visits"]
        assert matrix["offers"] == {"phone": None, "email": False, "pec": None, "sms": None, "mail": None}
        assert matrix["visits"]["phone"] is True
        for cell in (("fax", "email"), ("offers", "fax")):
            s.accounts.set_preference(person, *cell, True)
            with pytest.raises(ValidationFailed) as error:
                s.commit()
            assert refused(error) == ["VALUE_INVALID"]
            person = s.scalar(select(Person))
    crm = open_crm(settings={"core": {"required_account_fields": ["name"], "contact_purposes": ["surveys"]}})
    with crm.session("anna") as s:
        person = s.scalar(select(Person))
        s.accounts.set_preference(person, "surveys", "email", True)
        s.commit()
        assert list(s.accounts.preferences(person)) == ["surveys", "offers", "visits"]


def test_people_and_sites_stay_within_their_account(crm, account):
    with crm.session("anna") as s:
        other = s.accounts.create(name="Other", sites=[{"kind": "legal"}], people=[{"last_name": "Verdi"}])
        s.commit()
        person, site = s.scalar(select(Person)).id, s.scalar(select(Site)).id
    for write in (
        lambda s: s.add(ContactPoint(account_id=account, kind="email", value="x@example.com", person_id=person)),
        lambda s: s.add(Person(account_id=account, last_name="Rossi", site_id=site)),
        lambda s: s.interactions.add(s.accounts.require(account), "note", person=s.require(Person, person)),
        lambda s: s.add(
            Consent(account_id=account, purpose="marketing", channel="any", given=False, at=s.now(), source="x", person_id=person)
        ),
    ):
        with crm.session("anna") as s:
            write(s)
            with pytest.raises(ValidationFailed) as error:
                s.commit()
            assert refused(error) == ["PERSON_ELSEWHERE"]
    assert other.id != account


# I-11


@pytest.mark.feature("I-11")
def test_a_consent_is_never_changed_or_deleted(crm, account):
    with crm.session("anna") as s:
        consent = s.consents.record(s.accounts.require(account), "marketing", "email", given=True, source="web", proof="form 12")
        s.commit()
        key = consent.id
    for attempt in (
        lambda s: setattr(s.require(Consent, key), "given", False),
        lambda s: setattr(s.require(Consent, key), "proof", "another"),
        lambda s: s.delete(s.require(Consent, key)),
    ):
        with crm.session("anna") as s:
            attempt(s)
            with pytest.raises(ValidationFailed) as error:
                s.commit()
            assert refused(error) == ["CONSENT_FIXED"]
    with crm.session("anna") as s:
        assert (s.require(Consent, key).given, s.require(Consent, key).proof) == (True, "form 12")


@pytest.mark.feature("I-11")
def test_the_last_record_counts_and_a_revocation_of_everything_is_one_word(crm, account, frozen_clock):
    with crm.session("anna") as s:
        subject = s.accounts.require(account)
        assert s.consents.current(subject, "marketing", "email") is None
        s.consents.record(subject, "marketing", "email", given=True, source="web", proof="form 12", text_version="2026-1")
        s.commit()
        assert s.consents.current(subject, "marketing", "email").given
        assert s.consents.current(subject, "marketing", "phone") is None
        s.consents.revoke(subject)
        s.commit()
        assert not s.consents.current(subject, "marketing", "email").given
        s.consents.record(subject, "marketing", "email", given=True, proof="older", at=frozen_clock.now() - timedelta(days=3))
        s.commit()
        assert not s.consents.current(subject, "marketing", "email").given
        assert [row.proof for row in s.consents.history(subject)] == ["older", "form 12", ""]


@pytest.mark.feature("I-11")
def test_giving_needs_a_proof_revoking_does_not_and_neither_is_in_the_future(crm, account, frozen_clock):
    with crm.session("anna") as s:
        s.consents.record(s.accounts.require(account), "marketing", "email", given=True, source="web", proof=" ")
        with pytest.raises(ValidationFailed) as error:
            s.commit()
        assert refused(error) == ["CONSENT_NO_PROOF"]
        later = frozen_clock.now() + timedelta(seconds=1)
        s.consents.record(s.accounts.require(account), "marketing", "fax", given=True, proof="form", at=later)
        with pytest.raises(ValidationFailed) as error:
            s.commit()
        assert refused(error) == ["VALUE_INVALID", "VALUE_INVALID"]
        s.consents.record(s.accounts.require(account), "marketing", "email", given=False)
        s.commit()


# I-10


def allowed(s, subject, purpose="newsletter", channel="email"):
    check = s.accounts.may_contact(subject, purpose, channel)
    assert bool(check) is check.allowed is (not check.reasons)
    return [reason.code for reason in check.reasons]


@pytest.mark.feature("I-10")
def test_marketing_needs_a_yes_a_consent_and_an_address_that_works_and_every_reason_is_given(crm, account):
    with crm.session("anna") as s:
        person = s.accounts.add_person(s.accounts.require(account), "Rossi")
        s.commit()
        assert allowed(s, person) == ["PREFERENCE_MISSING", "CONSENT_MISSING", "ADDRESS_MISSING"]
        s.accounts.set_preference(person, "newsletter", "email", True)
        point = s.accounts.add_contact_point(person, kind="email", value="Rossi@example.com")
        s.consents.record(person, "marketing", "email", given=True, proof="form 1")
        s.commit()
        assert allowed(s, person) == []
        assert s.accounts.may_contact(person, "newsletter", "email").addresses == ("Rossi@example.com",)
        assert allowed(s, person, channel="sms") == ["PREFERENCE_MISSING", "CONSENT_MISSING", "ADDRESS_MISSING"]
        point.bounced_at = s.now()
        s.commit()
        assert allowed(s, person) == ["ADDRESS_BOUNCED"]
        s.accounts.add_contact_point(person, kind="email", value="new@example.com", position=2)
        s.accounts.set_preference(person, "newsletter", "email", False)
        s.consents.revoke(person)
        person.disabled = True
        s.commit()
        assert allowed(s, person) == ["PERSON_DISABLED", "PREFERENCE_REFUSED", "CONSENT_REVOKED"]


@pytest.mark.feature("I-10")
def test_what_is_no_marketing_needs_the_preference_only(crm, account):
    with crm.session("anna") as s:
        person = s.accounts.add_person(
            s.accounts.require(account), "Rossi", email="r@example.com", preferences={"invoices": {"email": True}}
        )
        s.commit()
        assert allowed(s, person, "invoices") == []
        for wrong in (("fax", "email"), ("offers", "fax")):
            with pytest.raises(ValidationFailed, match="VALUE_INVALID"):
                s.accounts.may_contact(person, *wrong)


@pytest.mark.feature("I-10", "I-11")
@pytest.mark.parametrize(
    ("records", "reasons"),
    [
        ([("person", "marketing", "email", True)], []),
        ([("person", "newsletter", "email", True)], []),
        ([("person", "marketing", "any", True)], []),
        ([("account", "marketing", "email", True)], []),
        ([("person", "offers", "email", True)], ["CONSENT_MISSING"]),
        ([("person", "marketing", "phone", True)], ["CONSENT_MISSING"]),
        ([("other", "marketing", "email", True)], ["CONSENT_MISSING"]),
        ([("person", "marketing", "email", True), ("person", "newsletter", "email", False)], ["CONSENT_REVOKED"]),
        ([("person", "newsletter", "email", True), ("person", "marketing", "any", False)], ["CONSENT_REVOKED"]),
        ([("person", "marketing", "email", True), ("account", "marketing", "email", False)], ["CONSENT_REVOKED"]),
        ([("person", "marketing", "email", False), ("account", "marketing", "email", True)], ["CONSENT_REVOKED"]),
        ([("person", "marketing", "email", False), ("person", "marketing", "email", True)], []),
        ([("person", "marketing", "email", True), ("other", "marketing", "any", False)], []),
    ],
)
def test_no_revocation_is_overruled_by_another_consent(crm, account, records, reasons):
    with crm.session("anna") as s:
        company = s.accounts.require(account)
        people = [
            s.accounts.add_person(company, name, email=f"{name}@example.com", preferences={"newsletter": {"email": True}})
            for name in ("person", "other")
        ]
        s.commit()
        subjects = {"account": company, "person": people[0], "other": people[1]}
        for who, purpose, channel, given in records:
            s.consents.record(subjects[who], purpose, channel, given=given, proof="form" * given)
            s.commit()
        assert allowed(s, people[0]) == reasons


@pytest.mark.feature("I-10")
def test_an_account_itself_is_contacted_at_its_own_addresses(crm, account):
    with crm.session("anna") as s:
        company = s.accounts.require(account)
        s.accounts.add_person(company, "Rossi", pec="rossi@example.com")
        s.accounts.add_site(company, kind="legal", raw="Via Roma 1")
        s.commit()
        assert allowed(s, company) == ["CONSENT_MISSING"]
        s.consents.record(company, "marketing", "any", given=True, proof="contract 4")
        s.commit()
        assert allowed(s, company) == []
        assert allowed(s, company, channel="pec") == ["ADDRESS_MISSING"]
        assert s.accounts.may_contact(company, "invoices", "mail").addresses == ("Via Roma 1",)
        bounced = s.accounts.add_contact_point(company, kind="email", value="INFO@example.com")
        bounced.bounced_at = s.now()
        s.commit()
        assert allowed(s, company) == ["ADDRESS_BOUNCED"]


@pytest.mark.feature("I-10", "S16")
def test_a_mailing_of_many_takes_as_many_queries_as_one_of_few(crm, account, count_statements):
    with crm.session("anna") as s:
        company = s.accounts.require(account)
        people = []
        for number in range(6):
            preferences = {"newsletter": {"email": True}} if number < 5 else {}
            person = s.accounts.add_person(company, f"P{number}", email=f"p{number}@example.com", preferences=preferences)
            people.append(person)
        s.commit()
        for person in people[:4]:
            s.consents.record(person, "newsletter", "email", given=True, proof="form")
        s.scalar(select(ContactPoint).where(ContactPoint.person_id == people[0].id)).bounced_at = s.now()
        s.commit()
    with crm.session("anna") as s:
        people = s.scalars(select(Person).order_by(Person.id)).all()
        with count_statements(crm) as statements:
            checks = s.accounts.may_contact_all(people, "newsletter", "email")
    assert sum(map(bool, checks.values())) == 3
    assert [[reason.code for reason in check.reasons] for check in checks.values() if not check] == [
        ["ADDRESS_BOUNCED"],
        ["CONSENT_MISSING"],
        ["PREFERENCE_MISSING", "CONSENT_MISSING"],
    ]
    assert len(statements) <= 3


# Relations


@pytest.mark.feature("B08", "B09")
def test_a_relation_is_read_from_both_sides_in_one_query(crm, account, count_statements):
    with crm.session("anna") as s:
        holding = s.accounts.create(name="Holding", people=[{"last_name": "Verdi", "first_name": "Luca"}])
        company = s.accounts.require(account)
        s.commit()
        verdi = s.scalar(select(Person))
        s.accounts.relate("controls", holding, company, notes="51%")
        s.accounts.relate("advised_by", company, verdi)
        s.commit()
        with count_statements(crm) as statements:
            seen = s.accounts.relations(company)
        assert len([each for each in statements if each != "BEGIN"]) == 1
        assert [(r.kind, r.label, r.inverse, r.account, r.person) for r in seen] == [
            ("advised_by", "è seguita da", False, "Holding", "Luca Verdi"),
            ("controls", "è controllata da", True, "Holding", None),
        ]
        assert [(r.label, r.account, r.person, r.notes) for r in s.accounts.relations(holding)] == [
            ("è consulente di", "Bellini", "Luca Verdi", ""),
            ("controlla", "Bellini", None, "51%"),
        ]
        assert [(r.label, r.account) for r in s.accounts.relations(verdi, lang="en")] == [("advises", "Bellini")]


@pytest.mark.feature("B08")
def test_a_relation_exists_once_and_never_with_itself(crm, account):
    with crm.session("anna") as s:
        other = s.accounts.create(name="Other", people=[{"last_name": "Verdi"}])
        s.commit()
        verdi, key = s.scalar(select(Person)).id, other.id
        s.accounts.relate("partner", s.accounts.require(account), other)
        s.accounts.relate("partner", s.accounts.require(account), s.require(Person, verdi))
        s.commit()
        with pytest.raises(ValidationFailed, match="CODE_UNKNOWN"):
            s.accounts.relate("nothing", other, s.accounts.require(account))
    for make in (
        lambda s: s.accounts.relate("partner", s.accounts.require(account), s.require(Account, key)),
        lambda s: s.accounts.relate("partner", s.accounts.require(account), s.require(Person, verdi)),
        lambda s: s.accounts.relate("partner", s.accounts.require(account), s.accounts.require(account)),
    ):
        with crm.session("anna") as s:
            make(s)
            with pytest.raises(ValidationFailed, match="CONSTRAINT_VIOLATED"):
                s.commit()


def test_the_instants_of_consents_are_aware(crm, account):
    with crm.session("anna") as s, pytest.raises(ValidationFailed, match="VALUE_INVALID"):
        s.consents.record(
            s.accounts.require(account), "marketing", "any", given=False, at=datetime(2026, 1, 1, tzinfo=UTC).replace(tzinfo=None)
        )
        s.commit()


def test_preferences_of_a_person_who_is_not_written_yet(crm, account):
    with crm.session("anna") as s:
        person = s.accounts.add_person(s.accounts.require(account), "Rossi")
        s.accounts.set_preference(person, "offers", "email", True)
        s.accounts.set_preference(person, "offers", "email", None)
        s.accounts.set_preference(person, "offers", "pec", True)
        assert s.accounts.preferences(person)["offers"]["pec"] is True
        s.commit()
        assert [(cell.purpose, cell.channel) for cell in s.scalars(select(Preference))] == [("offers", "pec")]
