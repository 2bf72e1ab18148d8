"""An organisation with everything that access can depend on, as plain data, and in plain words who sees what of it."""

from __future__ import annotations

from datetime import date
from functools import partial
from types import SimpleNamespace

from sqlalchemy import create_engine, insert, select
from sqlalchemy.pool import StaticPool

from crmcore import Account
from crmcore.access.reach import Organisation
from crmcore.access.specs import parse_scope
from crmcore.model import AccountPortfolio, BusinessUnit, Person, Portfolio, Salesperson, SavedSearch, Site, UserStatus, Zone

from .conftest import value_of

DAY = date(2026, 5, 11)
YESTERDAY, TODAY, TOMORROW = "2026-05-10", "2026-05-11", "2026-05-12"

# Code → manager and agency. Of AG are A1 and A2; MARCO manages A2, who manages A3.
SELLERS = {
    "AG": (None, None),
    "MARCO": (None, None),
    "A1": (None, "AG"),
    "A2": ("MARCO", "AG"),
    "A3": ("A2", None),
    "A4": (None, None),
    "AGN000": (None, None),
}
# Code → what is above: below NORD lies VENETO, below that VICENZA. Their keys differ from all others', so that none is taken for another.
ZONES = {"NORD": None, "VENETO": "NORD", "VICENZA": "VENETO", "SUD": None}
PORTFOLIOS = {"TOP": None, "SUB": "TOP", "REST": None}
ZONE_KEYS = {code: 301 + number for number, code in enumerate(ZONES)}
PORTFOLIO_KEYS = {code: 401 + number for number, code in enumerate(PORTFOLIOS)}
SELLER_KEYS = {code: 501 + number for number, code in enumerate(SELLERS)}


def account(seller=None, *, owner=None, private=False, zones=(), portfolio=None):
    return SimpleNamespace(seller=seller, owner=owner, private=private, zones=zones, portfolio=portfolio)


ACCOUNTS = {
    1: account("A1"),
    2: account("A2"),
    3: account("A3"),
    4: account("A4"),
    5: account("AG"),
    6: account("MARCO"),
    7: account(),
    8: account("AGN000"),
    9: account("A4", owner="owner"),
    10: account("A1", owner="own", private=True),
    11: account("A1", owner="owner", private=True),
    12: account(owner="owner", private=True),
    13: account("A4", zones=("SUD", "VICENZA")),
    14: account("A4", zones=("NORD",)),
    15: account("A4", zones=("SUD",), portfolio="SUB"),
    16: account("A4", portfolio="TOP"),
    17: account("A4", portfolio="REST"),
    18: account("A1", private=True),
    19: account(owner="own"),
}


def user(*scopes, seller=None, above=None, functions=("*",), sees_private=False, blocked=False, own_scopes=()):
    """A user; without functions there is no profile, and then nothing is limited."""
    return SimpleNamespace(
        scopes=scopes,
        seller=seller,
        above=above,
        functions=functions,
        sees_private=sees_private,
        blocked=blocked,
        own_scopes=own_scopes,
    )


USERS = {
    "free": user(functions=None),
    "all": user("all"),
    "private": user("all", sees_private=True),
    "own": user("own", seller="A1"),
    "own-private": user("own", seller="A1", sees_private=True),
    "own-nobody": user("own", "subtree", "agency"),
    "subtree": user("subtree", seller="MARCO"),
    "agency": user("agency", seller="A1"),
    "agency-itself": user("agency", seller="AG"),
    "owner": user("owner", seller="A3"),
    "unassigned": user("unassigned"),
    "seller": user("seller:A4"),
    "zone": user("zone:NORD"),
    "zone-below": user("zone:VENETO"),
    "portfolio": user("portfolio:TOP", above="lead"),
    "two": user("seller:A2", "zone:SUD"),
    "three": user("seller:A4", "own", "portfolio:REST", seller="A1"),
    "past": user(f"all@..{YESTERDAY}", f"seller:A1@{TODAY}..{TODAY}", above="two"),
    "future": user(f"all@{TOMORROW}..", f"seller:A2@..{TODAY}"),
    "nothing": user(),
    "added": user("seller:A3", own_scopes=("owner",)),
    "boss": user(functions=("leak.*", "searches.*")),
    "lead": user("own", seller="A1", above="boss", functions=("leak.read", "customers.*")),
    "below": user(above="lead", functions=("customers.read", "leak.read")),
    "no-leak": user("all", functions=("customers.read", "searches.read")),
    "no-customers": user("all", functions=("leak.*", "customers.update")),
    "blocked": user("all", blocked=True),
}

FOLLOWED = (1, 4, 7, 10, 11, 13)
"""Accounts that have a person, an item, and a part of it, with their own key."""

LOST = 99
"""An item of no account."""

# Kinds of rows beside accounts, by key, as the guards are asked for them.
SEARCHES = {
    1: SimpleNamespace(owner="own", shared=False),
    2: SimpleNamespace(owner="portfolio", shared=False),
    3: SimpleNamespace(owner="portfolio", shared=True),
    4: SimpleNamespace(owner="boss", shared=False),
}
MEMOS = {number: SimpleNamespace(author=author) for number, author in enumerate(("own", "below", "lead", "boss", "nobody"), 1)}
TASKS = {
    number: SimpleNamespace(owner=owner, helper=helper, account=of, shared=shared, private=private, hands=hands)
    for number, (owner, helper, of, shared, private, hands) in enumerate(
        [
            ("own", None, None, False, False, ()),
            ("nobody", "own", None, False, False, ()),
            ("below", None, None, False, False, ()),
            ("nobody", "below", None, False, False, ()),
            ("nobody", None, None, True, False, ()),
            ("nobody", None, None, True, True, ()),
            ("nobody", None, None, False, True, ("own", "lead")),
            ("own", None, None, False, True, ()),
            ("below", None, None, False, True, ()),
            ("nobody", None, 1, False, False, ()),
            ("nobody", None, 4, False, False, ("own",)),
            ("nobody", None, 1, False, True, ()),
            ("nobody", None, 4, True, False, ()),
            ("below", None, 4, False, False, ()),
            ("own", None, 4, False, True, ()),
            ("lead", "below", None, False, False, ()),
        ],
        1,
    )
}
CALLS = {
    number: SimpleNamespace(owner=owner, account=of)
    for number, (owner, of) in enumerate([("own", None), ("below", None), ("nobody", None), ("nobody", 1), ("own", 4), ("below", 4)], 1)
}


# Who sees what


def may_read(login, part):
    functions = USERS[login].functions
    return functions is None or any(each in {"*", f"{part}.*", f"{part}.read"} for each in functions)


def chain(start, above):
    """Return a node and all above it."""
    found = []
    while start is not None:
        found.append(start)
        start = above(start)
    return found


def scopes_today(login):
    user = USERS[login]
    for text in (*(user.scopes if user.functions is not None else ["all"]), *user.own_scopes):
        rule, _, days = text.partition("@")
        first, _, last = days.partition("..")
        if (first or TODAY) <= TODAY <= (last or TODAY):
            yield rule.partition(":")[::2]


def takes_in(kind, target, login, row):
    mine = USERS[login].seller
    agency_of = {code: agency or code for code, (_, agency) in SELLERS.items()}
    if kind == "own":
        return mine is not None and row.seller == mine
    if kind == "subtree":
        return mine is not None and mine in chain(row.seller, lambda code: SELLERS[code][0])
    if kind == "agency":
        return mine is not None and row.seller is not None and agency_of[row.seller] == agency_of[mine]
    if kind == "zone":
        return any(target in chain(zone, ZONES.get) for zone in row.zones)
    return {
        "all": True,
        "owner": row.owner == login,
        "unassigned": row.seller in {None, "AGN000"},
        "seller": row.seller == target,
        "portfolio": target in chain(row.portfolio, PORTFOLIOS.get),
    }[kind]


def sees_account(login, key):
    row = ACCOUNTS[key]
    if not may_read(login, "customers") or (row.private and row.owner != login and not USERS[login].sees_private):
        return False
    return any(takes_in(kind, target, login, row) for kind, target in scopes_today(login))


def sees_everything(login):
    return ("all", "") in set(scopes_today(login))


def is_above(login, other):
    return other in USERS and login in chain(other, lambda each: USERS[each].above)


def sees_search(login, key):
    row = SEARCHES[key]
    return may_read(login, "searches") and (row.shared or sees_everything(login) or is_above(login, row.owner))


def sees_memo(login, key):
    return may_read(login, "leak") and (sees_everything(login) or is_above(login, MEMOS[key].author))


def sees_work(login, row, people, *, shared=False, private=False, hands=()):
    if not may_read(login, "leak"):
        return False
    if login in {*people, *hands}:
        return True
    if private and not USERS[login].sees_private:
        return False
    if row.account is not None:
        return sees_account(login, row.account)
    return shared or sees_everything(login) or any(is_above(login, each) for each in people)


def sees_task(login, key):
    row = TASKS[key]
    return sees_work(login, row, [row.owner, row.helper], shared=row.shared, private=row.private, hands=row.hands)


def sees_call(login, key):
    return sees_work(login, CALLS[key], [CALLS[key].owner])


def expectations(leak):
    """Return for each entity its keys, and who sees which."""
    return {
        Account: (ACCOUNTS, sees_account),
        Person: (FOLLOWED, sees_account),
        SavedSearch: (SEARCHES, sees_search),
        Zone: (ZONE_KEYS.values(), lambda *_: True),
        leak.LeakItem: ((*FOLLOWED, LOST), lambda login, key: key != LOST and may_read(login, "leak") and sees_account(login, key)),
        leak.LeakPart: (FOLLOWED, lambda login, key: may_read(login, "leak") and sees_account(login, key)),
        leak.LeakMemo: (MEMOS, sees_memo),
        leak.LeakNotice: ([1], lambda login, _: may_read(login, "leak")),
        leak.LeakQueue: ([1], lambda *_: False),
        leak.LeakTask: (TASKS, sees_task),
        leak.LeakCall: (CALLS, sees_call),
    }


# The same for the code that is tested


def organisation_of(users=USERS):
    """Return users and sales force as the rows that a database would give."""
    keys = {login: number for number, login in enumerate(users, 101)}
    rows = {
        login: SimpleNamespace(
            id=keys[login],
            login=login,
            salesperson_id=SELLER_KEYS.get(each.seller),
            supervisor_id=keys.get(each.above),
            profile_id=keys[login] if each.functions is not None else None,
            status=(UserStatus.BLOCKED if each.blocked else UserStatus.ACTIVE).value,
            scopes=[parse_scope(text).data() for text in each.own_scopes],
        )
        for login, each in users.items()
    }
    profiles = {
        keys[login]: SimpleNamespace(
            code=f"P-{login}",
            functions=list(each.functions),
            scopes=[parse_scope(text).data() for text in each.scopes],
            masks={},
            administrator=False,
            see_private=each.sees_private,
        )
        for login, each in users.items()
        if each.functions is not None
    }
    sellers = {
        SELLER_KEYS[code]: SimpleNamespace(
            id=SELLER_KEYS[code], code=code, manager_id=SELLER_KEYS.get(manager), agency_id=SELLER_KEYS.get(agency)
        )
        for code, (manager, agency) in SELLERS.items()
    }
    return Organisation(users=rows, profiles=profiles, groups={}, sellers=sellers)


def put_into(connection, cls, rows):
    for number, row in enumerate(rows, 9001):
        table = cls.__table__
        filled = {column.name: value_of(column, number, {}) for column in table.columns if not column.nullable and column.name != "id"}
        connection.execute(insert(table).values({**filled, **row}))


def plain_database(leak):
    """Return the engine of a database with the tables alone, and the rows: what explanations need is no more."""
    engine = create_engine("sqlite://", poolclass=StaticPool)
    classes = [*expectations(leak), Site, AccountPortfolio, Portfolio, BusinessUnit, Salesperson, leak.LeakHand]
    Account.metadata.create_all(engine, [cls.__table__ for cls in classes])
    with engine.begin() as connection:
        put_into(connection, BusinessUnit, [{"number": 1}])
        put_into(connection, Salesperson, [{"code": "AGN000", "kind": "agent"}])
        fill(connection, leak)
    return engine, {cls.entity_name(): cls for cls in classes}


def fill(connection, leak):
    """Write the rows, past all rules."""
    put = partial(put_into, connection)
    unit = connection.execute(select(BusinessUnit.id)).scalar_one()

    def put_tree(cls, keys, above, **more):
        for code, key in keys.items():
            path = "".join(f"{keys[each]}/" for each in reversed(chain(code, above.get)))
            put(cls, [{"id": key, "code": code, "parent_id": keys.get(above[code]), "path": path, **more}])

    put_tree(Zone, ZONE_KEYS, ZONES)
    put_tree(Portfolio, PORTFOLIO_KEYS, PORTFOLIOS, business_unit_id=unit)
    # The null agent is there from the start.
    put(Salesperson, [{"id": key, "code": code, "kind": "agent"} for code, key in SELLER_KEYS.items() if code != "AGN000"])
    SELLER_KEYS["AGN000"] = connection.execute(select(Salesperson.id).where(Salesperson.code == "AGN000")).scalar_one()
    for key, row in ACCOUNTS.items():
        put(
            Account,
            [
                {
                    "id": key,
                    "uid": f"{key:032x}",
                    "kind": "business",
                    "seller_source": "manual",
                    "seller_id": SELLER_KEYS.get(row.seller),
                    "owner": row.owner,
                    "private": row.private,
                }
            ],
        )
        put(Site, [{"account_id": key, "kind": "operative", "zone_id": ZONE_KEYS[zone]} for zone in row.zones])
        if row.portfolio is not None:
            put(AccountPortfolio, [{"account_id": key, "business_unit_id": unit, "portfolio_id": PORTFOLIO_KEYS[row.portfolio]}])
    put(Person, [{"id": key, "account_id": key} for key in FOLLOWED])
    put(leak.LeakItem, [{"id": key, "account_id": key} for key in FOLLOWED])
    put(leak.LeakItem, [{"id": LOST}])
    put(leak.LeakPart, [{"id": key, "item_id": key} for key in FOLLOWED])
    put(SavedSearch, [{"id": key, "owner": row.owner, "name": f"{key}", "shared": row.shared} for key, row in SEARCHES.items()])
    put(leak.LeakMemo, [{"id": key, "author": row.author} for key, row in MEMOS.items()])
    put(leak.LeakNotice, [{"id": 1}])
    put(leak.LeakQueue, [{"id": 1}])
    put(
        leak.LeakTask,
        [
            {
                "id": key,
                "owner": row.owner,
                "helper": row.helper,
                "account_id": row.account,
                "shared": row.shared,
                "private": row.private,
            }
            for key, row in TASKS.items()
        ],
    )
    put(leak.LeakHand, [{"task_id": key, "who": who} for key, row in TASKS.items() for who in row.hands])
    put(leak.LeakCall, [{"id": key, "owner": row.owner, "account_id": row.account} for key, row in CALLS.items()])
