"""An office with people who have passwords, and PCs that have keys."""

from __future__ import annotations

import pytest

from crmcore import Actor
from crmcore.access.signin import DeviceKey, Proof
from crmcore.errors import CrmError
from crmcore.model import Profile, User

PASSWORD = "cavallo batteria graffetta"


class Pc:
    """A device with its key."""

    def __init__(self, crm, key, uid):
        self.crm = crm
        self.key = key
        self.uid = uid

    def proof(self):
        return self.key.answer(self.uid, self.crm.signin.begin(self.uid))


class Office:
    """A Crm with an administrator and two agents, and what they do all day."""

    def __init__(self, crm):
        self.crm = crm

    def ask(self, algorithm="Ed25519"):
        """Enrol a device that waits for approval."""
        key = DeviceKey.generate(algorithm)
        challenge = self.crm.signin.begin_enrolment()
        made = self.crm.signin.enroll("PC", key.public.text, challenge.nonce, key.sign(challenge.text))
        return Pc(self.crm, key, made.uid)

    def pc(self, *users, algorithm="Ed25519"):
        """Enrol a device and approve it."""
        made = self.ask(algorithm)
        self.admin(lambda s: s.signin.approve_device(made.uid, users))
        return made

    def admin(self, work, login="admin"):
        with self.crm.session(login) as s:
            found = work(s)
            s.commit()
        return found

    def open(self, login="a1", pc=None, password=PASSWORD):
        return self.crm.signin.open(login, password, pc.proof() if pc is not None else None)

    def events(self, kind):
        """Return the payloads of the events of a type, in order."""
        from sqlalchemy import select

        from crmcore.model import EVENT

        with self.crm.engine.connect() as connection:
            query = select(EVENT.c.payload).where(EVENT.c.type == kind).order_by(EVENT.c.event_id)
            return [dict(payload) for payload in connection.execute(query).scalars()]


def code(work, *args):
    """Return the code with which something is refused, or None; of several problems, the first."""
    try:
        work(*args)
    except CrmError as error:
        return error.problems[0].code if error.problems else error.code
    return None


@pytest.fixture
def open_office(open_crm):
    """Open an office with settings of its own; a password costs as little as the settings allow."""

    def opener(*plugins, people=("a1",), **access):
        fast = {"hash_memory": 19_456, "hash_passes": 2}
        crm = open_crm(*plugins, settings={"core": {"required_account_fields": ["name"], "access": fast | access}})
        with crm.session(Actor.system("setup")) as s:
            profile = s.add(Profile(code="AGENTE", label_it="Agente", functions=["customers.*"], scopes=[{"kind": "all"}]))
            s.add(User(login="admin"))
            s.flush()
            for login in ("a1", "a2"):
                s.add(User(login=login, profile_id=profile.id))
            s.commit()
        office = Office(crm)
        for login in people:
            office.admin(lambda s, login=login: s.signin.set_password(login, PASSWORD))
        return office

    return opener


@pytest.fixture
def forged():
    """A proof with a signature by a key that nobody knows."""

    def make(uid, challenge):
        return Proof(uid, challenge.nonce, DeviceKey.generate().sign(challenge.text))

    return make


@pytest.fixture
def refused():
    return code


@pytest.fixture
def password():
    return PASSWORD
