"""Full text for users who are limited: the index has everybody's words, also those of fields that a mask hides (A05).

It is asked past the guard, with what the guard would say. For who has a mask over something that is searched, what it finds are candidates:
they are read again, some thousand at a time, and stay when every word is found in what is not hidden. Nobody else pays for it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import attrs
from sqlalchemy import ColumnElement

from crmcore.access.predicates import account_predicate, terms_for
from crmcore.model import Account, Entity
from crmcore.query import fulltext
from crmcore.query.documents import CHUNK, SEARCHED, Document, read_documents
from crmcore.query.visible import account_conditions, who
from crmcore.query.words import Term, terms

if TYPE_CHECKING:
    from crmcore.session import Session

_WHOLE: Final = 2.0
"""How much more a whole word counts than the beginning of one."""


@attrs.frozen
class Score:
    """An account that a text finds, and how well."""

    account_id: int
    value: float


def hidden_words(session: Session) -> Mapping[type[Entity], frozenset[str]]:
    """Return the fields that are searched and hidden from the actor; mostly there are none."""
    return {cls: found for cls, searched in SEARCHED.items() if (found := session.hidden(cls) & searched)}


def found_ids(session: Session, text: str) -> list[int]:
    """Return the accounts that exist for a limited user and that a text finds: all of them, for a filter."""
    dialect = session.dialect
    hidden = hidden_words(session)
    places = fulltext.places_without(hidden)
    sure: list[int] = []
    if places:
        query = fulltext.matching(dialect, text, _conditions(session), places)
        with session.guard.lifted():
            sure = [row[0] for row in session.orm.execute(query, dict(who(session)))]
    if not hidden:
        return sure
    # Only what is not found in places where nothing is hidden has to be read again.
    return [*sure, *(each.account_id for each in _checked(session, text, (), {}, hidden, frozenset(sure)))]


def best(
    session: Session,
    text: str,
    conditions: Sequence[ColumnElement[bool]],
    given: Mapping[str, Any],
    limit: int,
) -> list[Score]:
    """Return the accounts that exist for a limited user, fulfil the conditions and are found by a text, the best first."""
    dialect = session.dialect
    hidden = hidden_words(session)
    if hidden:
        found: list[Score] = []
        for each in _checked(session, text, conditions, given, hidden):
            found.append(each)
            if len(found) >= fulltext.CANDIDATES:
                break
        return sorted(found, key=lambda each: (-each.value, each.account_id))[:limit]
    query = fulltext.ranked(dialect, text, [*_conditions(session), *conditions]).limit(limit)
    with session.guard.lifted():
        return [Score(key, float(score)) for key, score in session.orm.execute(query, {**given, **who(session)})]


def _conditions(session: Session) -> list[ColumnElement[bool]]:
    """Return when an account exists for the user: what the guard would say."""
    return [*account_conditions(session, Account), account_predicate(Account, terms_for(session.dialect))]


def _checked(
    session: Session,
    text: str,
    conditions: Sequence[ColumnElement[bool]],
    given: Mapping[str, Any],
    hidden: Mapping[type[Entity], frozenset[str]],
    but: Collection[int] = (),
) -> Iterator[Score]:
    """Yield the candidates of the index that are found without the hidden words, by id: four statements for each two thousand."""
    wanted = terms(text)
    mine = [*_conditions(session), *conditions]
    arguments, last = {**given, **who(session)}, 0
    while True:
        with session.guard.lifted():
            query = fulltext.matching(session.dialect, text, mine, after=last).limit(CHUNK)
            keys = [row[0] for row in session.orm.execute(query, arguments)]
            documents = read_documents(session.orm.connection(), [key for key in keys if key not in but], hidden)
        for document in documents:
            value = _score(wanted, document)
            if value:
                yield Score(document.account_id, value)
        if len(keys) < CHUNK:
            return
        last = keys[-1]


def _score(wanted: Sequence[Term], document: Document) -> float:
    """Return how well a document fits; 0 when some term is not in it. What is hidden changes neither whether it is found nor its place."""
    total = 0.0
    for term in wanted:
        scores = [_all_of([_of_word(word, document) for word in choice]) for choice in term.choices]
        if not any(scores):
            return 0.0
        total += max(scores)
    return total


def _all_of(scores: Sequence[float]) -> float:
    return sum(scores) / len(scores) if scores and all(scores) else 0.0


def _of_word(word: str, document: Document) -> float:
    found = 0.0
    for place, weight in fulltext.places_of(document):
        if word in place:
            found = max(found, weight * _WHOLE)
        elif weight > found and any(each.startswith(word) for each in place):
            found = weight
    return found
