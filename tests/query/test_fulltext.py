"""Full text: what is found, how it is written, and that it is always up to date."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from crmcore import Account
from crmcore.errors import UsageError
from crmcore.model import ContactPoint, Person
from crmcore.query.words import digits_of, fold, terms, words


def names(s, asked, **options):
    return sorted(hit.account.name for hit in s.search.text(asked, **options))


@pytest.fixture
def filled(open_crm):
    crm = open_crm()
    with crm.session("anna") as s:
        bellini = s.add(
            Account(
                name="Bellini & Figli S.r.l.",
                phone1="+39 0424 123456",
                email="info@bellini.it",
                vat_code="01234567890",
                notes="Cliente dal 1998, sede a Forlì",
            )
        )
        cantu = s.add(Account(name="Mobili Cantù", phone1="031/700123", fiscal_code="RSSMRA80A01H501U", web="www.mobili-cantu.com"))
        s.add(Account(name="L'Aquila Arredi", phone1="0862 55555"))
        s.add(Account(name="Über Möbel GmbH", pec="moebel@pec.de", vat_code="DE123456789"))
        s.flush()
        s.add(Person(account_id=bellini.id, last_name="Dell'Orto", first_name="Niccolò"))
        s.add(ContactPoint(account_id=cantu.id, kind="phone", value="+393331234567"))
        s.add(ContactPoint(account_id=cantu.id, kind="email", value="vendite@cantu.it"))
        s.commit()
    return crm


BELLINI, CANTU, AQUILA, UBER = "Bellini & Figli S.r.l.", "Mobili Cantù", "L'Aquila Arredi", "Über Möbel GmbH"


@pytest.mark.feature("B17")
@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("bellini", [BELLINI]),
        ("BELLINI 0424", [BELLINI]),
        ("bellini 0862", []),
        ("bell", [BELLINI]),
        ("srl", [BELLINI]),
        ("s.r.l.", [BELLINI]),
        ("cantu", [CANTU]),
        ("Cantù", [CANTU]),
        ("CANTU' mobili", [CANTU]),
        ("forli", [BELLINI]),
        ("l'aquila", [AQUILA]),
        ("aquila", [AQUILA]),
        ("uber mobel", [UBER]),
        ("niccolo", [BELLINI]),
        ("dell\u2019orto", [BELLINI]),
        ("0424123456", [BELLINI]),
        ("0424 123456", [BELLINI]),
        ("0424/123-456", [BELLINI]),
        ("+39 0424 123456", [BELLINI]),
        ("0039 0424123456", [BELLINI]),
        ("390424123456", [BELLINI]),
        ("123456", [BELLINI, CANTU, UBER]),
        ("3456", [BELLINI, CANTU]),
        ("700123", [CANTU]),
        ("333 1234567", [CANTU]),
        ("(+39) 333-1234567", [CANTU]),
        ("1234567", [CANTU, UBER]),
        ("info@bellini.it", [BELLINI]),
        ("info@bell", [BELLINI]),
        ("bellini.it", [BELLINI]),
        ("vendite@cantu.it", [CANTU]),
        ("moebel@pec.de", [UBER]),
        ("01234567890", [BELLINI]),
        ("IT01234567890", [BELLINI]),
        ("DE123456789", [UBER]),
        ("rssmra80a01h501u", [CANTU]),
        ("RSSMRA80", [CANTU]),
        ("cliente 1998", [BELLINI]),
        ("mobili bellini", []),
        ("AND OR NOT", []),
        ('bellini" OR name:*', []),
        ("'; DROP TABLE account; --", []),
        ("bellini:* | x", []),
    ],
)
def test_what_is_written_otherwise_is_found_all_the_same(filled, asked, found):
    with filled.session("bruno") as s:
        assert names(s, asked) == sorted(found)


@pytest.mark.feature("B17")
def test_digits_in_the_middle_of_a_number_may_look_like_the_code_of_a_country(open_crm):
    crm = open_crm()
    with crm.session("anna") as s:
        s.add(Account(name="Miramonti", phone1="+39 0424 000012"))
        s.add(Account(name="Posta", phone1="+39 0424 003912"))
        s.commit()
        for asked in ("0012", "00 0012", "000012", "0424 000012", "0039 0424 000012"):
            assert names(s, asked) == ["Miramonti"]
        for asked in ("003912", "0039 12"):
            assert names(s, asked) == ["Posta"]


@pytest.mark.feature("B17")
def test_a_name_comes_before_a_note_and_a_whole_word_before_a_beginning(open_crm):
    crm = open_crm()
    with crm.session("anna") as s:
        s.add(Account(name="Verdi", notes="presentato da Rossi"))
        s.add(Account(name="Rossini"))
        s.add(Account(name="Rossi"))
        s.commit()
        hits = s.search.text("rossi")
        assert hits[0].account.name == "Rossi"
        assert hits[-1].account.name == "Verdi"
        assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
        assert [hit.account.name for hit in s.search.text("rossi", limit=1)] == ["Rossi"]
        node = {"field": "name", "op": "starts", "value": "Verdi"}
        assert names(s, "rossi", filter=node) == ["Verdi"]
        assert [record.name for record in s.search.find("account", {"and": [{"text": "rossi"}, {"not": node}]}, sort="name")] == [
            "Rossi",
            "Rossini",
        ]


@pytest.mark.feature("B17")
def test_nothing_to_search_for_is_refused(open_crm):
    crm = open_crm()
    with crm.session("anna") as s:
        for asked in ("", "  ", "%", "' \" *"):
            with pytest.raises(UsageError, match="SEARCH_TEXT"):
                s.search.text(asked)
        with pytest.raises(UsageError, match="QUERY_PAGE"):
            s.search.text("x", limit=0)


@pytest.mark.feature("B17")
def test_the_index_follows_every_change_and_nothing_that_was_undone(filled):
    crm = filled
    with crm.session("anna") as s:
        bellini = s.search.text("bellini")[0].account
        person = s.search.find("person").items[0]
        bellini.name = "Zanella"
        s.flush()
        s.rollback()
        assert names(s, "bellini srl") == [BELLINI]
        bellini = s.search.text("bellini")[0].account
        bellini.name = "Zanella"
        s.commit()
        assert (names(s, "bellini srl"), names(s, "zanella niccolo")) == ([], ["Zanella"])
        cantu = s.search.text("cantu")[0].account
        person = s.require(Person, person.id)
        person.account_id = cantu.id
        s.commit()
        assert (names(s, "niccolo"), names(s, "zanella niccolo")) == ([CANTU], [])
        s.delete(person)
        s.delete(s.search.find("contact_point", {"field": "kind", "op": "eq", "value": "phone"}).items[0])
        s.commit()
        assert (names(s, "niccolo"), names(s, "333 1234567")) == ([], [])
        s.delete(s.require(Account, s.search.text("uber")[0].account.id))
        s.commit()
        assert names(s, "uber") == []


@pytest.mark.feature("B17")
def test_account_and_people_of_one_commit_are_found_together_without_reading_anything_back(open_crm, count_statements):
    crm = open_crm()
    with crm.session("anna") as s:
        s.add(Account(name="first"))
        s.commit()
    with crm.session("anna") as s, count_statements(crm) as statements:
        record = s.add(Account(name="Bellini"))
        person = Person(account_id=None, last_name="Orsi")
        person.account = record
        s.add(person)
        s.commit()
    touching = [each for each in statements if "account_search" in each]
    assert len(touching) == 1, touching
    with crm.session("anna") as s:
        assert names(s, "bellini orsi") == ["Bellini"]


@pytest.mark.feature("B17")
def test_an_index_that_was_lost_is_rebuilt(filled):
    crm = filled
    with crm.engine.begin() as connection:
        connection.execute(text("DELETE FROM account_search"))
    with crm.session("anna") as s:
        assert names(s, "bellini") == []
        assert s.search.rebuild() == 4
        s.commit()
    with crm.session("anna") as s:
        assert names(s, "bellini 0424 niccolo") == [BELLINI]
        assert names(s, "333 1234567") == [CANTU]
        s.search.rebuild()
        s.rollback()
        assert names(s, "bellini") == [BELLINI]


KILLED = """
    import sys
    from crmcore import Account, Crm
    with Crm.open(sys.argv[1], settings={"core": {"required_account_fields": ["name"]}}) as crm:
        number = 0
        while True:
            with crm.session("anna") as s:
                s.add(Account(name=f"Ditta{number} srl"))
                s.commit()
            print(number, flush=True)
            number += 1
"""


@pytest.mark.feature("B17")
def test_after_a_kill_every_account_is_found_and_nothing_else(open_crm):
    crm = open_crm()
    url = crm.engine.url.render_as_string(hide_password=False)
    process = subprocess.Popen([sys.executable, "-c", textwrap.dedent(KILLED), url], stdout=subprocess.PIPE)
    try:
        for _ in range(20):
            process.stdout.readline()
        time.sleep(0.003)
    finally:
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        process.stdout.close()
    with crm.session("anna") as s:
        stored = {record.name for record in s.search.find("account", page=1000)}
        assert len(stored) >= 20
        assert {hit.account.name for hit in s.search.text("srl", limit=200)} == stored
        with crm.engine.connect() as connection:
            assert connection.execute(text("SELECT count(*) FROM account_search")).scalar() == len(stored)


@pytest.mark.feature("B17")
@given(st.text(max_size=40))
def test_words_are_plain_and_folding_twice_changes_nothing(value):
    for word in words(value):
        assert word.isalnum()
    assert fold(fold(value)) == fold(value)
    for term in terms(value):
        assert all(word and word.isalnum() for choice in term.choices for word in choice)


@pytest.mark.feature("B17")
@pytest.mark.parametrize(
    "written", ["0424123456", "0424 123456", "0424/123456", "+39 0424 123456", "0039 0424 123456", "(+39) 0424-123.456", "+390424123456"]
)
def test_a_phone_number_is_its_digits(written):
    assert digits_of(written) == "0424123456"
