"""An export has every record of the subject, and none of others (S18, GDPR art. 15 and 20)."""

from __future__ import annotations

import csv
import io
import json
import zipfile

import pytest
from sqlalchemy import select

from crmcore import Account
from crmcore.model import ChangeSet, Person

from .conftest import SETUP, Nest, plant, tells

pytestmark = pytest.mark.feature("S18", "A12")


def test_an_export_has_every_canary_of_the_subject_and_none_of_others(crm, tmp_path):
    nests = Nest("Zq9w", "Hj4p"), Nest("Xk7v", "Wm2d")
    found = []
    for nest in nests:
        with crm.session(SETUP) as s:
            account = s.accounts.create(name=nest.text(), phone1=nest.phone(), people=[{"last_name": nest.text(), "phone": nest.phone()}])
            s.consents.record(account, "marketing", "email", given=True, source="web", proof=nest.text())
            s.commit()
            s.consents.revoke(account)
            s.add(ChangeSet(kind="characteristics", owner="anna"))
            s.commit()
            roots = {Account: account.id, Person: s.scalar(select(Person.id).where(Person.account_id == account.id))}
        found.append(plant(crm, nest, roots))
    keys = found[0]
    with crm.session(SETUP) as s:
        export = s.privacy.export_subject(s.require(Account, keys[Account][0]), reason="request of 11 May")
        document = json.loads(export.json())
        assert {cls.__tablename__ for cls in keys} <= set(export.tables)
        assert tells(export.json(), nests[0].marks)
        assert tells(export.json(), {nests[0].kept.lower()})
        assert not tells(export.json(), nests[1].marks | {nests[1].kept.lower()})
        assert [each["given"] for each in document["consents"]] == [True, False, True]
        assert document["consents"] == sorted(document["consents"], key=lambda row: (row["at"], row["id"]))
    with crm.session(SETUP) as s:
        assert [(each.kind, each.record_id, each.reason) for each in s.privacy.log()] == [("export", keys[Account][0], "request of 11 May")]
    export.write_zip(tmp_path / "subject.zip")
    with zipfile.ZipFile(tmp_path / "subject.zip") as archive:
        assert json.loads(archive.read("subject.json")) == document
        rows = list(csv.DictReader(io.StringIO(archive.read("canary_sheet.csv").decode("utf-8-sig")), delimiter=";"))
        assert [row["text"] for row in rows] == [row["text"] for row in export.tables["canary_sheet"]]
