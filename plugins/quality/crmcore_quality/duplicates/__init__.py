"""Find records that are one and the same: match keys, a model without labels, explicit conflicts, groups that cannot chain."""

from crmcore_quality.duplicates.accounts import ACCOUNTS, prepare
from crmcore_quality.duplicates.candidates import CAP, Candidates, by_keys, every_pair
from crmcore_quality.duplicates.clustering import cluster, components, divide
from crmcore_quality.duplicates.columns import MISSING, Column
from crmcore_quality.duplicates.comparing import AnyOf, Comparer, Similar, jaro_winkler, nearness, token_set, token_sort
from crmcore_quality.duplicates.engine import AUTO, REVIEW, Band, Duplicates, Evidence, find_duplicates
from crmcore_quality.duplicates.keys import KeyRow, key_rows
from crmcore_quality.duplicates.model import Model
from crmcore_quality.duplicates.naming import Names
from crmcore_quality.duplicates.phonetics import sound_of
from crmcore_quality.duplicates.places import Addresses
from crmcore_quality.duplicates.schema import Conflict, Field, KeyRule, Record, Schema, Shares, differs

__all__ = [
    "ACCOUNTS",
    "AUTO",
    "CAP",
    "MISSING",
    "REVIEW",
    "Addresses",
    "AnyOf",
    "Band",
    "Candidates",
    "Column",
    "Comparer",
    "Conflict",
    "Duplicates",
    "Evidence",
    "Field",
    "KeyRow",
    "KeyRule",
    "Model",
    "Names",
    "Record",
    "Schema",
    "Shares",
    "Similar",
    "by_keys",
    "cluster",
    "components",
    "differs",
    "divide",
    "every_pair",
    "find_duplicates",
    "jaro_winkler",
    "key_rows",
    "nearness",
    "prepare",
    "sound_of",
    "token_set",
    "token_sort",
]
