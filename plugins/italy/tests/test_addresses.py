"""Addresses as people write them; first those on which quicker parsers fail."""

from __future__ import annotations

import pytest
from crmcore_italy import Address, normalise_address, read_address, shipped, street_key
from crmcore_italy.names import normalise_person
from hypothesis import given
from hypothesis import strategies as st

pytestmark = pytest.mark.feature("D01", "D05", "I-9")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Via Roma 12 int. 3", Address(toponym="Via", street="Roma", civic="12", unit="3")),
        ("Via Roma 12/14", Address(toponym="Via", street="Roma", civic="12/14")),
        ("VIA ROMA 12 SCALA B", Address(toponym="Via", street="Roma", civic="12", stair="B")),
        ("12, Via Roma", Address(toponym="Via", street="Roma", civic="12")),
        ("Via Aurelia km 12+300", Address(toponym="Via", street="Aurelia", km="12+300")),
        ("Via Roma snc", Address(toponym="Via", street="Roma", civic="snc")),
        ("Via Roma S.N.C.", Address(toponym="Via", street="Roma", civic="snc")),
        ("Rossi S.n.c.", Address(street="Rossi S.n.c.")),
        ("Via F.lli Cervi 3", Address(toponym="Via", street="Fratelli Cervi", civic="3")),
        ("Via XXIV Maggio 5", Address(toponym="Via", street="XXIV Maggio", civic="5")),
    ],
)
def test_the_cases_that_are_known_to_be_hard(text, expected):
    assert read_address(text) == expected


def test_roman_and_arabic_numbers_are_one_street():
    assert read_address("Via XXIV Maggio 5").key() == read_address("via 24 maggio, 5").key() == "24 maggio 5"
    assert street_key("IV Novembre") == street_key("4 Novembre") == street_key("Quattro Novembre") == "4 novembre"
    assert street_key("Papa Giovanni XXIII") == street_key("Papa Giovanni 23")
    assert street_key("Vittorio Emanuele II") != street_key("Vittorio Emanuele III")
    assert [street_key("XIV"), street_key("XXIX"), street_key("XXVIII")] == ["14", "29", "28"]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("V.le Stazione, 2", "Viale Stazione 2"),
        ("P.zza Libertà, 3", "Piazza Libertà 3"),
        ("C.so Garibaldi 5/A", "Corso Garibaldi 5/A"),
        ("C.SO GARIBALDI 5 A", "Corso Garibaldi 5/A"),
        ("VIALE DELL'INDUSTRIA 24/26", "Viale dell'Industria 24/26"),
        ("via nicolo' tommaseo 7", "Via Nicolò Tommaseo 7"),
        ("Via Roma 12bis", "Via Roma 12 bis"),
        ("Via Roma n. 12", "Via Roma 12"),
        ("Via Roma nr.12/B", "Via Roma 12/B"),
        ("viale europa 12-a", "Viale Europa 12/A"),
        ("Via Roma 012", "Via Roma 12"),
        ("Largo Augusto 1/A/2", "Largo Augusto 1/A/2"),
        ("Loc. Pian di Sotto 5", "Località Pian di Sotto 5"),
        ("C.da San Nicola s.n.", "Contrada San Nicola snc"),
        ("Fraz. Campese 12", "Frazione Campese 12"),
        ("S.S. 47 km 12+300", "Strada Statale 47 km 12+300"),
        ("SS47 Valsugana, 12", "Strada Statale 47 Valsugana 12"),
        ("Strada Provinciale 12 bis km 3", "Strada Provinciale 12 bis km 3"),
        ("Calle del Forno 5", "Calle del Forno 5"),
        ("Salita S. Anna 3", "Salita S. Anna 3"),
        ("San Marco 1234", "San Marco 1234"),
        ("Via 4 Novembre", "Via 4 Novembre"),
        ("Via Gen. Cantore 3", "Via Generale Cantore 3"),
        ("Scala Santa 3", "Scala Santa 3"),
    ],
)
def test_kind_name_and_number_are_written_in_one_way(text, line):
    assert read_address(text).line() == line


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("Via Roma 5 loc. Marchesane", {"hamlet": "Località Marchesane", "civic": "5"}),
        ("Via Roma 1 (fraz. Campese)", {"hamlet": "Frazione Campese", "civic": "1"}),
        ("Frazione Campese, Via Roma 1", {"hamlet": "Frazione Campese", "street": "Roma", "civic": "1"}),
        ("Via Roma 3, Campese, 36061 Bassano del Grappa VI", {"hamlet": "Campese", "civic": "3", "postcode": "36061"}),
        ("Z.I. Via dell'Artigianato 3", {"hamlet": "Zona Industriale", "street": "dell'Artigianato"}),
        ("c/o Studio Bianchi, Via Roma 3", {"care_of": "Studio Bianchi", "street": "Roma", "civic": "3"}),
        ("Via Roma 3 presso Hotel Miramonti", {"care_of": "Hotel Miramonti", "civic": "3"}),
        ("Via Roma 12 - Scala B - Int. 3 - Piano 2", {"stair": "B", "unit": "3", "floor": "2", "civic": "12"}),
        ("Via Roma 12, palazzina A, piano terra", {"building": "A", "floor": "terra", "civic": "12"}),
        ("Via Aurelia km. 12,3", {"km": "12+300", "civic": ""}),
        ("C.so Garibaldi 5 35100 Padova PD", {"postcode": "35100", "municipality": "Padova", "province": "PD", "civic": "5"}),
        ("Via Roma 3 - I-36061 BASSANO DEL GRAPPA (VI)", {"postcode": "36061", "municipality": "Bassano del Grappa", "province": "VI"}),
        ("Via Roma 5 - Bassano del Grappa (VI)", {"postcode": "", "municipality": "Bassano del Grappa", "province": "VI"}),
        ("36061 Bassano del Grappa", {"postcode": "36061", "municipality": "Bassano del Grappa", "street": ""}),
    ],
)
def test_the_other_parts_have_a_place_of_their_own(text, parts):
    address = read_address(text)
    assert {part: getattr(address, part) for part in parts} == parts


def test_an_address_becomes_the_fields_of_a_site():
    site = read_address("V.le Stazione, 2 scala B int. 3, loc. Campese, 36061 Bassano del Grappa (VI)").as_site()
    assert site == {
        "street": "Viale Stazione",
        "civic": "2, scala B, int. 3",
        "hamlet": "Località Campese",
        "postcode": "36061",
        "municipality": "Bassano del Grappa",
        "province": "VI",
    }


@given(
    st.sampled_from(["Via", "V.le", "P.zza", "C.so", "Loc.", "Calle", "S.da", ""]),
    st.sampled_from(["Roma", "F.lli Cervi", "IV Novembre", "S. Anna", "G. Garibaldi", "dell'Industria", "GRAMSCI", "Nicolo' Tommaseo"]),
    st.sampled_from(["12", "12/A", "12 bis", "12/14", "snc", "", "12 B", ", 7", " n. 3"]),
    st.sampled_from(["", " int. 3", " scala B", " - piano 2", ", fraz. Campese", " loc. Marchesane int. 4"]),
    st.sampled_from(["", ", 36061 Bassano del Grappa (VI)", " 35100 Padova PD", " - Bassano del Grappa (VI)"]),
)
def test_what_is_written_reads_as_the_same_address(kind, street, civic, inside, town):
    address = read_address(f"{kind} {street} {civic}{inside}{town}")
    assert read_address(address.text()) == address
    assert normalise_address(address.text()) == address.text()


@given(st.text(min_size=1, max_size=80))
def test_any_text_is_read(text):
    assert isinstance(read_address(text).text(), str)


@given(st.sampled_from([each.text() for each in shipped().municipalities[::97]]))
def test_every_town_is_found_behind_a_street(town):
    assert f"{read_address(f'Via Roma 1, 36061 {town}').municipality} ({read_address(f'Via Roma 1, 36061 {town}').province})" == town


@pytest.mark.parametrize("wrong", ["", None, 3, ",;", "x" * 500])
def test_what_is_no_address_is_refused(wrong):
    with pytest.raises(ValueError, match="an address"):
        normalise_address(wrong)


@pytest.mark.parametrize(
    ("given_as", "name"),
    [
        ("ROSSI MARIO", "Rossi Mario"),
        ("D'ANGELO NICOLO'", "D'Angelo Nicolò"),
        ("de luca", "De Luca"),
        ("DELL'ACQUA", "Dell'Acqua"),
        ("McDonald Anna", "McDonald Anna"),
        ("  rossi   mario ", "Rossi Mario"),
        ("BIANCHI-VERDI ANNA", "Bianchi-Verdi Anna"),
    ],
)
def test_names_of_people(given_as, name):
    assert normalise_person(given_as) == normalise_person(name) == name
