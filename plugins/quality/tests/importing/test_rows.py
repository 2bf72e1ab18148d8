"""What becomes of rows: cells, matches, policies, decisions, undo, and what a user may."""

from __future__ import annotations

import csv
import zipfile

import pytest
from crmcore_quality.importing import Dialect, ImportRefused, Imports, Structure, Target
from crmcore_quality.importing.cells import to_date, to_flag, to_integer, to_number, to_phones
from crmcore_quality.importing.values import Day, Number
from sqlalchemy import select

from crmcore import Account, Actor, CharacteristicDef, Choice, Label, ValidationFailed
from crmcore.model import Interaction, InteractionKind, Profile, User

from .conftest import structure

pytestmark = pytest.mark.feature("J05", "D04")

BASIC = {"Nome": "name", "Telefono": "phone"}
ITALIAN, ENGLISH = Dialect(), Dialect(decimal=".", dates="mdy")
ONE_DATABASE = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)


def tell(crm, *names):
    with crm.session(Actor.system("test")) as session:
        return [tuple(getattr(each, name) for name in names) for each in session.scalars(select(Account).order_by(Account.id))]


@pytest.mark.parametrize(
    ("convert", "text", "expected"),
    [
        (lambda text: to_number(text, ITALIAN), "1.037,25", "1037.25"),
        (lambda text: to_number(text, ITALIAN), "4,25", "4.25"),
        (lambda text: to_number(text, ITALIAN), "1.037", "1037"),
        (lambda text: to_number(text, ITALIAN), "€ -12,00", "-12.00"),
        (lambda text: to_number(text, ITALIAN), Number("1037.5"), "1037.5"),
        (lambda text: to_number(text, ITALIAN), "12.34.5", None),
        (lambda text: to_number(text, ITALIAN), "1037.25", None),
        (lambda text: to_number(text, ENGLISH), "1,037.25", "1037.25"),
        (lambda text: to_integer(text, ITALIAN), "12,00", 12),
        (lambda text: to_integer(text, ITALIAN), "12,5", None),
        (lambda text: to_date(text, ITALIAN), "2/1/26", "2026-01-02"),
        (lambda text: to_date(text, ITALIAN), "2026-01-02", "2026-01-02"),
        (lambda text: to_date(text, ENGLISH), "1/2/2026", "2026-01-02"),
        (lambda text: to_date(text, ITALIAN), Number("46024"), "2026-01-02"),
        (lambda text: to_date(text, ITALIAN), Day("1899-12-31"), None),
        (lambda text: to_date(text, ITALIAN), Number("1"), None),
        (lambda text: to_date(text, ITALIAN), "31/02/2026", None),
        (to_flag, "SÌ", True),
        (to_flag, "forse", None),
        (to_phones, "(+39) 054-3000005", ["+390543000005"]),
        (to_phones, Number("424000012"), ["+390424000012"]),
        (to_phones, "0424 000012; 320 0000012", ["+390424000012", "+393200000012"]),
        (to_phones, "nessuno", None),
    ],
)
def test_what_is_ambiguous_is_refused_and_never_guessed(convert, text, expected):
    if expected is None:
        with pytest.raises(ValueError, match=r"Label|number|date|yes|phone"):
            convert(text)
    else:
        assert convert(text) == expected


@ONE_DATABASE
@pytest.mark.feature("I-4", "I-9", "B04")
def test_cells_are_normalised_and_what_is_wrong_with_one_keeps_the_row(crm, imports, write):
    with crm.session(Actor.system("test")) as session:
        choices = (Choice(code="libero", label=Label("Mercato libero", "Free")), Choice(code="tutela", label=Label("Tutela", "Regulated")))
        session.characteristics.define(CharacteristicDef(key="mercato", label=Label("Mercato", "Market"), type="choice", choices=choices))
        session.commit()
    text = "Nome,Telefono,P.IVA,CAP,Mercato,Tipo,Mail,Codice\n"
    text += "ROSSI SRL,0424000012,7643520567,184,mercato LIBERO,A,INFO@Example.COM,00017\n"
    text += "Verdi,3.47E+09,1,99,boh,Z,no,NULL\n"
    text += "Neri,0424000014,12,36061,tutela,P,,3\n"
    columns = {"Nome": "name", "Telefono": "phone", "P.IVA": "vat_code", "CAP": "postcode", "Mercato": "c.mercato", "Mail": "email"}
    mapping = structure(columns)
    mapping = Structure(
        name="x",
        columns=(
            *mapping.columns,
            Target(column="Tipo", field="kind", values={"A": "business", "p": "retail"}),
            Target(column="Codice", field="key.vecchio"),
        ),
        portfolio={"1": "GENERICO"},
    )
    done = imports.run(write(text), mapping)
    assert done.counts == {"created": 2, "rejected": 1}
    assert tell(crm, "name", "kind", "phone1", "vat_code", "email") == [
        ("ROSSI S.r.l.", "business", "+390424000012", "07643520567", "info@example.com"),
        ("Neri", "retail", "+390424000014", None, None),
    ]
    with crm.session(Actor.system("test")) as session:
        account = session.accounts.get_by_key("vecchio", "00017")
        assert (account.characteristics["mercato"], account.name) == ("libero", "ROSSI S.r.l.")
    report = [(row.line, row.code.removeprefix("QUALITY_IMPORT_"), row.column) for row in imports.report(done.id) if row.code]
    assert report == [
        (3, "ROW_KEYLESS", ""),
        (3, "CELL_SCIENTIFIC", "Telefono"),
        *((3, "CELL", column) for column in ("P.IVA", "CAP", "Mercato", "Mail", "Tipo")),
        (4, "CELL", "P.IVA"),
    ]


def start(crm, imports, write):
    """Import two names, one of them with two phones."""
    text = "Nome;Telefono;Note\nRossi;0424 000001;prima\nBianchi;0424 000002 - 320 0000002;prima\n"
    return imports.run(write(text), structure({**BASIC, "Note": "notes"}))


@pytest.mark.parametrize(
    ("policy", "counts", "names"),
    [
        ("update", {"updated": 1, "created": 1}, ["Rossi", "Bianchi Due", "Neri"]),
        ("skip", {"skipped": 1, "created": 1}, ["Rossi", "Bianchi", "Neri"]),
        ("new", {"created": 2}, ["Rossi", "Bianchi", "Bianchi Due", "Neri"]),
        ("review", {"review": 1, "created": 1}, ["Rossi", "Bianchi", "Neri"]),
    ],
)
@ONE_DATABASE
def test_each_policy_does_what_it_says_with_a_row_that_is_there(crm, imports, write, policy, counts, names):
    start(crm, imports, write)
    done = imports.run(write("Nome;Telefono\nBianchi Due;320 0000002\nNeri;0424 000003\n"), structure(BASIC, policy=policy))
    assert done.counts == counts
    assert [row[0] for row in tell(crm, "name")] == names


@ONE_DATABASE
def test_a_row_that_waits_is_decided_by_a_person_and_undone_with_the_import(crm, imports, write):
    start(crm, imports, write)
    text = "Nome;Telefono\nRossi Uno;0424 000001\nBianchi Due;320 0000002\nTutti;0424 000001 - 0424 000002\n"
    done = imports.run(write(text), structure(BASIC, policy="review"))
    # A row that repeats a key of an earlier one waits for nobody: both lines are told.
    assert done.counts == {"review": 2, "duplicate": 1}
    assert imports.decide(done.id, 2, "update") == "updated"
    assert imports.decide(done.id, 3, "new") == "created"
    with pytest.raises(ImportRefused, match="QUALITY_IMPORT_STATE"):
        imports.decide(done.id, 3, "skip")
    assert imports.summary(done.id).counts == {"review": 0, "duplicate": 1, "updated": 1, "created": 1}
    assert [row[0] for row in tell(crm, "name")] == ["Rossi Uno", "Bianchi", "Bianchi Due"]
    imports.undo(done.id)
    assert [row[0] for row in tell(crm, "name")] == ["Rossi", "Bianchi"]


@ONE_DATABASE
def test_a_row_that_two_accounts_could_be_waits_also_where_matches_are_updated(crm, imports, write):
    start(crm, imports, write)
    done = imports.run(write("Nome;Telefono\nChi;0424 000001 - 0424 000002\n"), structure(BASIC))
    assert done.counts == {"review": 1}
    ids = [row[0] for row in tell(crm, "id")]
    assert imports.decide(done.id, 2, "update", ids[1]) == "updated"
    assert [row[0] for row in tell(crm, "name")] == ["Rossi", "Chi"]


@pytest.mark.feature("I-72")
def test_an_undo_goes_three_ways_where_somebody_has_edited_since(crm, imports, write):
    first = start(crm, imports, write)
    text = "Nome;Telefono;Note\nRossi Uno;0424 000001;seconda\nBianchi;0424 000002;seconda\nNeri;0424 000003;\n"
    second = imports.run(write(text), structure({**BASIC, "Note": "notes"}))
    with crm.session("anna") as session:
        rossi, bianchi, neri = session.scalars(select(Account).order_by(Account.id)).all()
        rossi.notes, bianchi.email = "di Anna", "bianchi@example.com"
        kind = session.scalar(select(InteractionKind.id).limit(1))
        at = session.now()
        session.add(Interaction(account_id=neri.id, kind_id=kind, at=at, author="anna", subject="telefonata", text="", direction="out"))
        session.commit()
    undone = imports.undo(second.id)
    # What nobody touched is as before; Anna's note stays, and so does the account that she has called.
    assert tell(crm, "name", "notes", "email") == [
        ("Rossi", "di Anna", None),
        ("Bianchi", "prima", "bianchi@example.com"),
        ("Neri", None, None),
    ]
    kept = [(row.line, row.code, row.value) for row in imports.report(undone.id) if "kept" in row.outcome]
    assert kept == [(2, "QUALITY_IMPORT_KEPT", "di Anna"), (4, "QUALITY_IMPORT_USED", str(tell(crm, "id")[2][0]))]
    imports.undo(second.id, conflicts="restore")
    assert tell(crm, "notes")[0] == ("prima",)
    assert imports.undo(first.id).state == "undone"
    # Both were edited by others than this import: they stay.
    assert [row[0] for row in tell(crm, "name")] == ["Rossi", "Bianchi", "Neri"]


@ONE_DATABASE
def test_an_import_is_cancelled_and_resumed_with_the_same_file_only(crm, write):
    imports = Imports(crm, batch=10)
    path = write("Nome;Telefono\n" + "".join(f"Ditta {n};0424 {n:06}\n" for n in range(95)))

    def stop(read):
        if read == 30:
            imports.cancel(imports.list()[0].id)

    done = imports.run(path, structure(BASIC), stop)
    assert (done.state, done.read, done.position) == ("cancelled", 30, 31)
    original = path.read_bytes()
    path.write_bytes(original + b"Nuova;0424 000999\n")
    with pytest.raises(ImportRefused, match="QUALITY_IMPORT_FILE_CHANGED"):
        imports.resume(done.id)
    path.write_bytes(original)
    assert imports.resume(done.id).counts == {"created": 95}
    with pytest.raises(ImportRefused, match="QUALITY_IMPORT_STATE"):
        imports.resume(done.id)


@ONE_DATABASE
def test_who_finds_another_process_further_leaves_the_end_to_it(crm, write):
    imports = Imports(crm, batch=10)
    path = write("Nome;Telefono\n" + "".join(f"Ditta {n};0424 {n:06}\n" for n in range(95)))

    def die(read):
        if read == 20:
            raise KeyboardInterrupt

    def meet(read):
        if read == 30:
            # Another process takes over, and is killed two batches later.
            with pytest.raises(KeyboardInterrupt):
                imports.resume(imports.list()[0].id, progress=die)

    left = imports.run(path, structure(BASIC), meet)
    assert (left.state, left.counts) == ("running", {"created": 50})
    done = imports.resume(left.id)
    assert (done.state, done.counts) == ("done", {"created": 95})


@ONE_DATABASE
def test_what_is_refused_at_the_commit_costs_its_own_row_and_no_other(open_crm, write):
    crm = open_crm("italy", "quality", settings={"core": {"required_account_fields": ["name"], "unique_tax_codes": "error"}})
    imports = Imports(crm)
    with crm.session(Actor.system("test")) as session:
        session.accounts.create(name="Già qui", vat_code="07643520567")
        session.commit()
    text = "Nome;Telefono;IVA;Portafoglio\nUno;0424000001;07643520567;\nDue;0424000002;;MANCA\nTre;0424000003;;\n"
    mapping = structure({**BASIC, "IVA": "vat_code", "Portafoglio": "portfolio"})
    path = write(text)
    preview, done = imports.preview(path, mapping), imports.run(path, mapping)
    assert preview.counts == done.counts == {"created": 1, "rejected": 2}
    assert [row.code for row in imports.report(done.id, outcomes=["rejected"])] == ["TAX_CODE_REPEATED", "CODE_UNKNOWN"]


@pytest.mark.feature("D01", "D04")
def test_with_policy_review_a_row_that_resembles_an_account_waits(crm, imports, write):
    with crm.session(Actor.system("test")) as session:
        known = session.accounts.create(
            name="Falegnameria Corti S.r.l.", phone1="+390424000001", email="info@corti.example.com", portfolio="GENERICO"
        )
        session.commit()
        key = known.id
    mapping = structure({**BASIC, "Mail": "email"}, policy="review")
    text = "Nome;Telefono;Mail\nFALEGNAMERIA CORTI SRL;0424 000008;info@corti.example.com\nVetreria Alba;0424 000009;alba@example.com\n"
    done = imports.run(write(text), mapping)
    assert done.counts == {"review": 1, "created": 1}
    assert imports.decide(done.id, 2, "update") == "updated"
    with crm.session(Actor.system("test")) as session:
        points = session.accounts.card(session.accounts.require(key)).contact_points
        assert [point.value for point in points] == ["+390424000008"]


@pytest.mark.feature("A12", "I-11")
def test_who_was_erased_is_not_imported_again(crm, imports, write):
    start(crm, imports, write)
    with crm.session(Actor.system("test")) as session:
        session.privacy.erase(session.accounts.require(tell(crm, "id")[0][0]), reason="request")
        session.commit()
    gone = tell(crm, "phone1")
    assert (None,) in gone
    done = start(crm, imports, write)
    assert done.counts == {"rejected": 1, "updated": 1}
    assert [row.code for row in imports.report(done.id, outcomes=["rejected"])] == ["ERASED_SUBJECT"]


@pytest.mark.feature("A02", "A03")
def test_a_user_imports_only_with_the_permission_and_into_what_the_user_sees(crm, write):
    with crm.session(Actor.system("test")) as session:
        grants = {"AGENTE": ["customers.*", "contacts.*", "quality.*"], "LETTORE": ["customers.*"], "CIECO": ["quality.*"]}
        profiles = [
            session.add(Profile(code=code, label_it=code, functions=found, scopes=[{"kind": "owner"}])) for code, found in grants.items()
        ]
        session.add(User(login="admin"))
        session.flush()
        session.add(User(login="a1", profile_id=profiles[0].id))
        session.add(User(login="a2", profile_id=profiles[1].id))
        session.add(User(login="a3", profile_id=profiles[2].id))
        session.accounts.create(name="Di altri", phone1="+390424000009", portfolio="GENERICO", owner="admin")
        session.commit()
    path = write("Nome;Telefono;Titolare\nMia;0424 000001;a1\nAltrui;0424 000002;admin\n")
    mapping = structure({**BASIC, "Titolare": "owner"})
    with pytest.raises(ImportRefused, match="QUALITY_IMPORT_FORBIDDEN"):
        Imports(crm, "a2").run(path, mapping)
    with pytest.raises(ValidationFailed, match="FUNCTION_NOT_GRANTED"):
        Imports(crm, "a3").run(path, mapping)
    done = Imports(crm, "a1").run(path, mapping)
    assert done.counts == {"created": 1, "rejected": 1}
    assert [row.code for row in Imports(crm, "a1").report(done.id) if row.code] == ["ACCESS_DENIED"]
    assert [row[0] for row in tell(crm, "name")] == ["Di altri", "Mia"]
    # The same again changes nothing, and the import is its owner's.
    assert Imports(crm, "a1").run(path, mapping).fields == 0
    Imports(crm, "a1").undo(done.id)
    assert [row[0] for row in tell(crm, "name")] == ["Di altri"]


@ONE_DATABASE
def test_a_report_is_written_as_text_that_no_spreadsheet_runs(crm, imports, write, tmp_path):
    done = imports.run(write("Nome;Telefono;Note\n=1+1;;x\nRossi;0424 000001;=cmd()\n"), structure({**BASIC, "Note": "web"}))
    target = tmp_path / "esito.csv"
    assert imports.write_report(done.id, target) == 2
    rows = list(csv.reader(target.read_text("utf-8-sig").splitlines(), delimiter=";"))
    assert rows[0][:2] == ["riga", "esito"]
    assert [row[:2] for row in rows[1:]] == [["2", "rejected"], ["3", "created"]]
    book = tmp_path / "esito.xlsx"
    assert imports.write_report(done.id, book, lang="en") == 2
    with zipfile.ZipFile(book) as archive:
        assert b"<f>" not in archive.read("xl/worksheets/sheet1.xml")


@pytest.mark.parametrize(
    ("columns", "more", "reason"),
    [
        ({"Nome": "name", "Manca": "phone"}, {}, "COLUMN_MISSING"),
        ({"Nome": "name", "Telefono": "c.ignota"}, {"keys": ("name",)}, "MAPPING"),
        ({"Nome": "nome", "Telefono": "phone"}, {}, "MAPPING"),
        ({"Nome": "name", "Telefono": "email"}, {}, "MAPPING"),
        ({"Nome": "name", "Telefono": "name"}, {"keys": ("name",)}, "MAPPING"),
    ],
)
@ONE_DATABASE
def test_a_mapping_that_does_not_fit_is_refused_before_anything_is_written(crm, imports, write, columns, more, reason):
    with pytest.raises(ImportRefused) as caught:
        imports.run(write("Nome;Telefono\nRossi;0424 000001\n"), structure(columns, **more))
    assert caught.value.code == f"QUALITY_IMPORT_{reason}"
    assert (imports.list(), tell(crm, "id")) == ((), [])


@ONE_DATABASE
def test_a_new_account_that_is_refused_leaves_a_decision_waiting(crm, imports, write):
    start(crm, imports, write)
    done = imports.run(write(f"Nome;Telefono\n{'x' * 300};0424 000001\n"), structure(BASIC, policy="review"))
    with pytest.raises(ValidationFailed):
        imports.decide(done.id, 2, "new")
    assert imports.summary(done.id).counts == {"review": 1}
