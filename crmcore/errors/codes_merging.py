"""Codes of merging accounts, and of taking that back."""

from __future__ import annotations

from typing import Final

from crmcore.errors.code import ErrorCode

MERGING: Final = (
    ErrorCode(
        "MERGE_ACCOUNTS",
        "a merge needs one account that stays and at least one other, each named once; got {ids}",
        "un'unione richiede l'anagrafica che resta e almeno un'altra, ciascuna indicata una volta; ricevute {ids}",
        "Name the account that survives first, and then those that are merged into it.",
    ),
    ErrorCode(
        "MERGE_RULE",
        "there is no rule {rule!r} for merges; there are {known}",
        "non esiste la regola di unione {rule!r}; esistono {known}",
        "Use one of the rules that the message lists; single fields may have others, in the settings.",
    ),
    ErrorCode(
        "MERGE_PRIVATE",
        "private accounts {ids} can only be merged with private ones of the same owner",
        "le anagrafiche private {ids} possono essere unite solo ad anagrafiche private dello stesso proprietario",
        "Let the owner make them public first, or private all: otherwise what is private would be shown, or what is public vanish.",
    ),
    ErrorCode(
        "MERGE_UNDONE",
        "merge {id} was undone already",
        "l'unione {id} è già stata annullata",
        "A merge is undone once; merge the accounts again if that was wrong.",
    ),
    ErrorCode(
        "MERGE_LATER",
        "merge {id} can only be undone after the later ones {later}, which touched the same records",
        "l'unione {id} può essere annullata solo dopo le successive {later}, che riguardano gli stessi dati",
        "Undo the merges that the message lists, in that order, and then this one.",
    ),
    ErrorCode(
        "MERGE_FORGOTTEN",
        "merge {id} cannot be undone: what it changed was erased from its journal",
        "l'unione {id} non può essere annullata: ciò che aveva cambiato è stato cancellato dal suo registro",
        "Somebody asked for the data of one of the accounts to be erased; the merge lasts.",
    ),
    ErrorCode(
        "MERGE_CHOICE",
        "{choice!r} for {key!r} is not a choice that undoing this merge asks for; it asks for {known}",
        "{choice!r} per {key!r} non è una scelta richiesta per annullare questa unione; sono richieste {known}",
        "Give `keep` or `restore` for the keys of the questions, and for nothing else.",
    ),
    ErrorCode(
        "MERGE_TABLE_GONE",
        "merge {id} cannot be undone: table {table!r} is no longer there",
        "l'unione {id} non può essere annullata: la tabella {table!r} non esiste più",
        "The plugin that the table belonged to was purged, and its rows with it.",
    ),
    ErrorCode(
        "MERGE_UNDO_CLASH",
        "merge {id} cannot be undone: what was made since is in the way ({reason})",
        "l'unione {id} non può essere annullata: lo impedisce ciò che è stato creato dopo ({reason})",
        "Change or remove the record that has taken the place of one that would come back, and undo the merge again.",
    ),
    ErrorCode(
        "MERGE_CLASH",
        "the accounts cannot be merged: the database refuses what their records would become ({reason})",
        "le anagrafiche non possono essere unite: il database rifiuta ciò che i loro dati diventerebbero ({reason})",
        "A constraint of a plugin's table needs a `MergePolicy`, such as `not_itself`: see the page about merging.",
    ),
)
"""All of them."""
