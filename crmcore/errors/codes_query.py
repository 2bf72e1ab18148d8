"""Codes of searching: filters, sort orders, cursors, saved searches and full text."""

from __future__ import annotations

from typing import Final

from crmcore.errors.code import ErrorCode

QUERY: Final = (
    ErrorCode(
        "QUERY_INVALID",
        "the search cannot be done: {count} problem(s)",
        "la ricerca non si può fare: {count} problemi",
        "Each problem is listed with its field.",
    ),
    ErrorCode(
        "QUERY_MALFORMED",
        "{value} is not a condition: {expected}",
        "{value} non è una condizione: {expected}",
        "A condition is `{{field, op, value}}`, `{{and: […]}}`, `{{or: […]}}`, `{{not: …}}`, `{{some: relation, where: …}}` or `{{text: …}}`.",
    ),
    ErrorCode(
        "QUERY_FIELD",
        "{entity} has no field {field!r}{hint}",
        "{entity} non ha il campo {field!r}{hint}",
        "Fields are columns, `c.<key>` for characteristics, and `relation.field` for what belongs to the record.",
    ),
    ErrorCode(
        "QUERY_NOT_SEARCHABLE",
        "{field!r} of {entity} is not searched",
        "su {field!r} di {entity} non si fanno ricerche",
        "Its definition says so: set `searchable` (C11).",
    ),
    ErrorCode(
        "QUERY_OPERATOR",
        "{field!r} cannot be compared by {op!r}; there are {known}",
        "{field!r} non si confronta con {op!r}; ci sono {known}",
        "The operators depend on the type of the field.",
    ),
    ErrorCode(
        "QUERY_VALUE",
        "{field!r} {op}: {value!r} is not {expected}",
        "{field!r} {op}: {value!r} non è {expected}",
        "Values are JSON: numbers, true and false, texts; dates and instants as ISO text, decimals as text, never floats.",
    ),
    ErrorCode(
        "QUERY_SORT",
        "a list of {entity} cannot be sorted by {field!r}",
        "un elenco di {entity} non si può ordinare per {field!r}",
        "Sort by a column or by `c.<key>` of the entity itself, `-` before it for descending; lists have no order.",
    ),
    ErrorCode(
        "QUERY_CURSOR",
        "this cursor belongs to another list",
        "questo segnaposto appartiene a un altro elenco",
        "A cursor is good for the entity and the sort order that it came from. Start at the first page.",
    ),
    ErrorCode(
        "QUERY_PAGE",
        "a page has 1 to {most} rows, and starts after or before a cursor, not {value!r}",
        "una pagina ha da 1 a {most} righe, e inizia dopo o prima di un segnaposto, non {value!r}",
        "Give `page` as a number, and only one of `after` and `before`.",
    ),
    ErrorCode(
        "QUERY_SAVED",
        "the saved search {name!r} cannot stand here: it names itself, or is about {entity}",
        "la ricerca salvata {name!r} non può stare qui: nomina sé stessa, o riguarda {entity}",
        "Name a saved search of the entity that is searched, which does not lead back to itself.",
    ),
    ErrorCode(
        "QUERY_TOO_LARGE",
        "the filter has more than {most} conditions, or is nested more than {depth} deep",
        "il filtro ha più di {most} condizioni, o è annidato oltre {depth} livelli",
        "Use `in` for many values of one field.",
    ),
    ErrorCode(
        "QUERY_NOT_INDEXED",
        "{what} by {field!r} reads all of {entity} (about {rows} rows); index {index} would serve it",
        "{what} per {field!r} legge tutti i record di {entity} (circa {rows}); servirebbe l'indice {index}",
        "A warning. Mark the characteristic as indexed, or declare a list view with these filters and this order.",
    ),
    ErrorCode(
        "SEARCH_NAME",
        "there is a search {name!r} of {owner} already",
        "esiste già una ricerca {name!r} di {owner}",
        "Choose another name, or save with `replace=True`.",
    ),
    ErrorCode(
        "SEARCH_NOT_YOURS",
        "search {name!r} belongs to {owner}",
        "la ricerca {name!r} appartiene a {owner}",
        "Who made a search changes and deletes it; a shared one can be run by all.",
    ),
    ErrorCode(
        "SEARCH_TEXT",
        "there is nothing to search for in {text!r}",
        "in {text!r} non c'è nulla da cercare",
        "Give at least one letter or digit.",
    ),
    ErrorCode(
        "VIEW_INVALID",
        "list view {name!r}: {reason}",
        "vista elenco {name!r}: {reason}",
        "A view filters by equality of columns and characteristics of its entity, and sorts by at most one more.",
    ),
)
