"""Municipalities, provinces and postcodes: what is known, unknown, ceased, ambiguous and wrong."""

from __future__ import annotations

from datetime import date

import attrs
import pytest
from crmcore_italy import Standing, find_municipality, gazetteer_of, judge_municipality, judge_postcode, shipped
from crmcore_italy.gazetteer import key_of
from crmcore_italy.places import (
    display_municipality,
    display_province,
    normalise_municipality,
    normalise_postcode,
    normalise_province,
)

from crmcore.accounts import PROVINCE_OF_ISTAT, is_plausible

pytestmark = pytest.mark.feature("D01", "D05", "I-9")

HEAD = (
    "Codice Regione;Codice Comune formato alfanumerico;Denominazione in italiano;Denominazione altra lingua;Sigla automobilistica;"
    "Codice Comune numerico con 110 province (dal 2010 al 2016);Codice Catastale del comune\n"
)


def standing(text):
    return judge_municipality(text, shipped()).standing


def test_the_shipped_list_is_that_of_istat():
    gazetteer = shipped()
    assert len(gazetteer.municipalities) == 7897
    assert len({each.istat for each in gazetteer.municipalities if each.istat}) == 7896
    assert len({each.belfiore for each in gazetteer.municipalities}) == 7897
    assert [each.name for each in gazetteer.municipalities if not each.istat] == ["Castegnero Nanto"]
    assert sorted(each.name for each in gazetteer.municipalities if each.ceased) == ["Castegnero", "Lirio", "Nanto"]


def test_the_core_finds_every_municipality_in_its_province():
    # The core has the provinces of ISTAT codes of its own, for I-9; the list and it must say the same.
    wrong = [each for each in shipped().municipalities if each.istat and not is_plausible(each.province, None, each.istat)]
    assert wrong == []


def test_what_is_shown_of_every_municipality_reads_back():
    codes = [each.istat for each in shipped().municipalities if each.istat and each.ceased is None]
    assert [code for code in codes if normalise_municipality(display_municipality(code)) != code] == []
    assert [code for code in codes if normalise_municipality(code) != code] == []


@pytest.mark.parametrize(
    "given_as",
    [
        "Bassano del Grappa",
        "BASSANO DEL GRAPPA",
        "bassano del grappa (VI)",
        "Bassano del Grappa - VI",
        "Bassano del Grappa VI",
        "024012",
        "24012",
        "A703",
        "a703",
    ],
)
def test_a_municipality_is_stored_by_its_code(given_as):
    assert normalise_municipality(given_as) == "024012"


@pytest.mark.parametrize(
    ("given_as", "name"),
    [
        ("FORLI'", "Forlì (FC)"),
        ("Reggio Emilia", "Reggio nell'Emilia (RE)"),
        ("Reggio Calabria", "Reggio di Calabria (RC)"),
        ("Bozen", "Bolzano (BZ)"),
        ("S. Giovanni Rotondo", "San Giovanni Rotondo (FG)"),
        ("Sant\u2019Angelo Lodigiano", "Sant'Angelo Lodigiano (LO)"),
        ("Trani (BA)", "Trani (BT)"),
        ("Pesaro (PS)", "Pesaro (PU)"),
    ],
)
def test_names_are_known_as_people_write_them(given_as, name):
    assert display_municipality(normalise_municipality(given_as)) == name


def test_homonyms_need_their_province():
    homonyms = {}
    for each in shipped().municipalities:
        homonyms.setdefault(each.name, []).append(each)
    assert sorted(name for name, several in homonyms.items() if len(several) > 1) == ["Castro", "Livo", "Peglio", "Samone", "San Teodoro"]
    assert standing("Castro") is Standing.AMBIGUOUS
    with pytest.raises(ValueError, match=r"Castro \(BG\), Castro \(LE\)"):
        normalise_municipality("Castro")
    assert normalise_municipality("Castro (LE)") == "075096"
    assert [each.text() for each in find_municipality("Castro", shipped(), postcode="73030")] == ["Castro (LE)"]
    assert [each.text() for each in find_municipality("Castro", shipped(), province="BG")] == ["Castro (BG)"]
    assert len(find_municipality("Castro", shipped(), postcode="36061")) == 2


def test_codes_of_earlier_provinces_are_of_the_municipality_of_today():
    assert normalise_municipality("106001") == "111001"
    assert display_municipality("106001") == "Arbus (SU)"


def test_the_ceased_are_told_with_their_day():
    lirio = judge_municipality("018082", shipped())
    assert (lirio.standing, lirio.reason.en) == (Standing.CEASED, "Lirio (PV) ceased to exist on 2026-01-31")
    assert normalise_municipality("018082") == "018082"
    with pytest.raises(ValueError, match="2019-05-14"):
        normalise_municipality("Acquarica del Capo")


def test_the_unknown_is_not_the_wrong():
    # The codes that Sardinia has since 2026 are not on the list of 2024.
    assert standing("112001") is Standing.UNKNOWN
    assert normalise_municipality("112001") == display_municipality("112001") == "112001"
    assert standing("Atlantide") is Standing.UNKNOWN
    assert standing("Castegnero Nanto") is Standing.UNKNOWN
    assert [standing(wrong) for wrong in ("000001", "201001", "024000", "1234567", "")] == [Standing.WRONG] * 5
    for text in ("Atlantide", "Castegnero Nanto", "024000", None, 24012):
        with pytest.raises(ValueError, match=r"municipality|Castegnero"):
            normalise_municipality(text)


def test_a_newer_list_takes_the_place_of_the_shipped_one(tmp_path):
    path = tmp_path / "istat.csv"
    path.write_text(HEAD + "20;112001;Agliè Nuova;;SS;90001;A070\n", encoding="latin-1")
    gazetteer = gazetteer_of({"municipalities": str(path), "postcodes": ""})
    assert [each.text() for each in gazetteer.municipalities] == ["Agliè Nuova (SS)"]
    assert gazetteer.by_istat("090001") == gazetteer.by_istat("112001")
    assert judge_municipality("112001", gazetteer).standing is Standing.KNOWN
    assert gazetteer.former_names == shipped().former_names


@pytest.mark.parametrize(("text", "message"), [("a;b\n", "no column is called"), (HEAD + "20;12;Agliè;;SS;;A070\n", "no ISTAT code")])
def test_another_file_is_refused_with_its_name(tmp_path, text, message):
    path = tmp_path / "other.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=message) as caught:
        gazetteer_of({"municipalities": str(path), "postcodes": ""})
    assert str(path) in str(caught.value)


def test_postcodes_are_known_by_a_file_of_ones_own(tmp_path):
    path = tmp_path / "cap.csv"
    path.write_text("codice_istat;cap\n016065;24063\n075096;73030\n;\n", encoding="utf-8-sig")
    gazetteer = gazetteer_of({"municipalities": "", "postcodes": str(path)})
    assert judge_postcode("24063", gazetteer).standing is Standing.KNOWN
    assert judge_postcode("36061", gazetteer).standing is Standing.UNKNOWN
    assert judge_postcode("24063", shipped()).standing is Standing.UNKNOWN
    assert judge_postcode("99999", gazetteer).standing is Standing.WRONG
    assert [each.text() for each in gazetteer.of_postcode("73030")] == ["Castro (LE)"]


@pytest.mark.parametrize("text", ["x\n", "codice_istat;cap\n1;2\n"])
def test_another_file_of_postcodes_is_refused(tmp_path, text):
    path = tmp_path / "cap.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match="cap"):
        gazetteer_of({"municipalities": "", "postcodes": str(path)})


def test_homonyms_in_one_zone_are_told_apart_by_postcode(tmp_path):
    gazetteer = shipped()
    one, other = gazetteer.named("Castro")
    same_zone = attrs.evolve(
        gazetteer, municipalities=(one, attrs.evolve(other, province="BG")), postcodes={one.istat: frozenset({"24063"})}
    )
    assert find_municipality("Castro", same_zone, postcode="24063") == (one,)


@pytest.mark.parametrize(
    ("given_as", "code"),
    [
        ("vi", "VI"),
        ("(MI)", "MI"),
        ("Vicenza", "VI"),
        ("provincia di Vicenza", "VI"),
        ("Forlì-Cesena", "FC"),
        ("PS", "PU"),
        ("Monza e della Brianza", "MB"),
        ("Valle d'Aosta", "AO"),
        ("Bolzano", "BZ"),
        ("Reggio Emilia", "RE"),
        ("OT", "OT"),
        ("NA", "NA"),
    ],
)
def test_provinces_are_two_letters(given_as, code):
    assert normalise_province(given_as) == code
    assert normalise_province(display_province(code)) == code


def test_every_province_of_the_core_is_one():
    codes = sorted(set(PROVINCE_OF_ISTAT.values()))
    assert [normalise_province(display_province(code)) for code in codes] == codes


@pytest.mark.parametrize("wrong", ["XX", "Atlantide", "", None, 1])
def test_other_provinces_are_refused(wrong):
    with pytest.raises(ValueError, match="province"):
        normalise_province(wrong)


@pytest.mark.parametrize(
    ("given_as", "code"), [("184", "00184"), ("36061", "36061"), ("I-36061", "36061"), ("CAP 00184", "00184"), ("7100", "07100")]
)
def test_postcodes_get_their_zeros_back(given_as, code):
    assert normalise_postcode(given_as) == normalise_postcode(code) == code


@pytest.mark.parametrize("wrong", ["99999", "69123", "3606", "12", "360611", "abc", "", None, 36061])
def test_other_postcodes_are_refused(wrong):
    if wrong == "3606":
        # 03606 would be of Frosinone: a lost zero cannot be told from a lost digit.
        assert normalise_postcode(wrong) == "03606"
        return
    with pytest.raises(ValueError, match="postcode"):
        normalise_postcode(wrong)


def test_former_names_come_the_latest_first():
    former = shipped().once_named("Acqui", "AL")
    assert [(each.name, each.until) for each in former] == [("Acqui", date(1956, 5, 23))]
    assert [each.text() for each in shipped().heirs(former)] == ["Acqui Terme (AL)"]


def test_spellings_of_a_name_have_one_key():
    assert key_of("S. Martino Buon Albergo") == key_of("SAN MARTINO BUON ALBERGO")
    assert key_of("Sant'Agata") == key_of("S.Agata") == key_of("Santa Agata")
