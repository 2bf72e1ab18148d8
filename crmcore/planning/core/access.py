"""Profiles and groups; users are people, and are not configured (A05 to A07)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import attrs
from sqlalchemy import and_, func, not_, select

from crmcore.access.predicates import LiteralTerms, predicate
from crmcore.access.reach import Organisation
from crmcore.access.rules import profile_problems
from crmcore.access.service import read_organisation
from crmcore.access.specs import TARGETED, Scope, parse_scope
from crmcore.hooks import Configurable, Effect, Finding, Key, Scene, Step
from crmcore.labels import Label
from crmcore.model import Account, Profile, ScopeKind, UserGroup, UserStatus
from crmcore.planning.columns import Mapped, Plain, Text
from crmcore.planning.fields import LABEL, codes, flag
from crmcore.planning.rows import Rows

if TYPE_CHECKING:
    from crmcore.session import Session

_NAME: Final = "profiles"
_WHERE: Final[Mapping[ScopeKind, tuple[str, Label]]] = {
    ScopeKind.SELLER: ("salespersons", Label("un venditore", "salesperson")),
    ScopeKind.ZONE: ("zones", Label("una zona", "zone")),
    ScopeKind.PORTFOLIO: ("portfolios", Label("un portafoglio", "portfolio")),
}


def _attributes(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the columns of a profile that the fields of an item come to."""
    masks: dict[str, dict[str, list[str]]] = {}
    for kind in ("hidden", "readonly"):
        for path in values[kind]:
            entity, _, field = path.partition(".")
            masks.setdefault(entity, {}).setdefault(kind, []).append(field)
    return {
        "functions": list(values["functions"]),
        "scopes": [parse_scope(text).data() for text in values["scopes"]],
        "masks": masks,
        "administrator": values["administrator"],
        "see_private": values["see_private"],
    }


@attrs.frozen(kw_only=True)
class Profiles(Rows):
    """Profiles: scopes are texts in files, and masks are lists of fields."""

    def attributes(self, step: Step, names: Mapping[Any, Mapping[Key, int]]) -> dict[str, Any]:
        """Return the attributes, scopes and masks among them."""
        found = super().attributes(step, names)
        return {**found, **_attributes(step.after.values)} if step.after else found


def _mask(kind: str) -> Mapped:
    def read(row: Any) -> list[str]:  # noqa: ANN401 - a row of a query
        return [f"{entity}.{field}" for entity, mask in sorted(row.masks.items()) for field in mask.get(kind, ())]

    return Mapped(kind, ("masks",), read, lambda _: {})


def _read_scopes(row: Any) -> list[str]:  # noqa: ANN401 - as above
    return [str(Scope.of(data)) for data in row.scopes]


def _check(session: Session, scene: Scene) -> Iterable[Finding]:
    for key in sorted(scene.given.get(_NAME, ())):
        values = scene.after[_NAME][key].values
        yield from _check_scopes(scene, key, values["scopes"])
        sound = {**values, "scopes": []}
        profile = Profile(code=key[0], label_it=values["label"]["it"], **_attributes(sound))
        for problem in profile_problems(session.registry, profile):
            field = "functions" if problem.code == "ACCESS_FUNCTION_UNKNOWN" else "hidden"
            yield Finding(key=key, field=field, reason=Label(problem.text("it"), problem.text("en")))


def _check_scopes(scene: Scene, key: Key, scopes: Iterable[str]) -> Iterator[Finding]:
    for text in scopes:
        try:
            scope = parse_scope(text)
        except ValueError as error:
            reason = Label(f"{text!r} non è un ambito: {error}", f"{text!r} is no scope: {error}")
            yield Finding(key=key, field="scopes", reason=reason)
            continue
        if scope.kind in TARGETED:
            collection, label = _WHERE[scope.kind]
            if not any(other[-1] == scope.target for other in scene.after.get(collection, ())):
                reason = Label(f"non esiste {label.it} {scope.target!r}", f"there is no {label.en} {scope.target!r}")
                yield Finding(key=key, field="scopes", reason=reason)


def _effects(session: Session, steps: Sequence[Step], scene: Scene) -> Iterable[Effect]:
    """Yield how many users see fewer or more accounts, and how many each in all, counting a user's account once for each user."""
    del scene
    changed = {step.key[0]: _attributes(step.after.values) for step in steps if step.before is not None and step.after is not None}
    if not changed:
        return
    now = read_organisation(session.orm.connection())
    then = attrs.evolve(
        now, profiles={key: _Changed(row, changed[row.code]) if row.code in changed else row for key, row in now.profiles.items()}
    )
    lost, gained = (_difference(session, now, then, changed), _difference(session, then, now, changed))
    for users, accounts, words in ((*lost, ("perdono", "lose")), (*gained, ("guadagnano", "gain"))):
        if users:
            text = Label(f"{users} utenti {words[0]} {accounts} anagrafiche", f"{users} user(s) {words[1]} {accounts} account(s)")
            yield Effect(collection=_NAME, text=text, count=accounts)


class _Changed:
    """A row of a profile with other values."""

    def __init__(self, row: Any, values: Mapping[str, Any]) -> None:  # noqa: ANN401 - as above
        self._row, self._values = row, values

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - any column
        return self._values[name] if name in self._values else getattr(self._row, name)


def _difference(session: Session, before: Organisation, after: Organisation, changed: Iterable[str]) -> tuple[int, int]:
    """Return how many users see accounts before that they do not see after, and how many accounts that is."""
    access, connection = session.crm.access, session.orm.connection()
    keys = {key for key, row in before.profiles.items() if row.code in changed}
    users = accounts = 0
    for login, user in before.users.items():
        if user.profile_id not in keys or user.status != UserStatus.ACTIVE:
            continue
        seen = [
            predicate(Account, Account.__table__.c, LiteralTerms(access.reach_in(each, login, access.today(), connection)), {})
            for each in (before, after)
        ]
        if seen[0] is None or seen[1] is None:
            continue
        count = connection.execute(select(func.count()).select_from(Account).where(and_(seen[0], not_(seen[1])))).scalar_one()
        users, accounts = users + (count > 0), accounts + count
    return users, accounts


PROFILES: Final = Configurable(
    name=_NAME,
    label=Label("Profili", "Profiles"),
    help="What users may do, and on which accounts. Users themselves are not in files.",
    fields={
        "label": LABEL,
        "functions": codes(Label("Funzioni", "Functions"), "What is granted: `customers.read`, `contacts.*`, `*`."),
        "scopes": codes(
            Label("Ambiti", "Scopes"),
            "Which accounts: `all`, `own`, `subtree`, `agency`, `owner`, `unassigned`, `seller:CODE`, `zone:CODE`, `portfolio:CODE`;"
            " with days: `seller:A2@2026-08-01..2026-08-31`.",
        ),
        "hidden": codes(Label("Campi nascosti", "Hidden fields"), "Fields that are not shown or written, as `account.notes`."),
        "readonly": codes(Label("Campi in sola lettura", "Read-only fields"), "Fields that are not written, as `account.state`."),
        "administrator": flag(Label("Amministratore", "Administrator"), "Whether users and profiles may be changed."),
        "see_private": flag(Label("Vede le schede private", "Sees private cards"), "Whether the private cards of others are seen."),
    },
    store=Profiles(
        entity=Profile,
        columns=(
            Text("label"),
            Plain("functions"),
            Mapped("scopes", ("scopes",), _read_scopes, lambda _: {}),
            _mask("hidden"),
            _mask("readonly"),
            Plain("administrator"),
            Plain("see_private"),
        ),
    ),
    after=("salespersons", "zones", "portfolios"),
    check=_check,
    effects=_effects,
)

GROUPS: Final = Configurable(
    name="groups",
    label=Label("Gruppi", "Groups"),
    help="Groups of users, as transitions and characteristics name them.",
    fields={"label": LABEL},
    store=Rows(entity=UserGroup, columns=(Text("label"),)),
)
