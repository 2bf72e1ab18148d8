"""Duplicates in the registry: match keys kept with every change, scans, the queue of what people look at, the check of new accounts."""

from crmcore_quality.matching.answering import PERMISSION, answer, answers_of, changed_since
from crmcore_quality.matching.checking import Candidate, check, check_many
from crmcore_quality.matching.codes import CODES
from crmcore_quality.matching.jobs import JOBS
from crmcore_quality.matching.keeping import WATCHERS, keep, rebuild, stale
from crmcore_quality.matching.keysets import KEY_SETS
from crmcore_quality.matching.merging import auto_groups, merge, merge_auto
from crmcore_quality.matching.model import MATCH_KEY, TABLES, Answer, DuplicateAnswer, DuplicatePair, KeyKind, KeySet, MatchModel
from crmcore_quality.matching.queue import Group, Pair, confirm, list_groups, list_pairs, reject
from crmcore_quality.matching.reasons import Reason
from crmcore_quality.matching.scanning import Scan, scan

__all__ = [
    "CODES",
    "JOBS",
    "KEY_SETS",
    "MATCH_KEY",
    "PERMISSION",
    "TABLES",
    "WATCHERS",
    "Answer",
    "Candidate",
    "DuplicateAnswer",
    "DuplicatePair",
    "Group",
    "KeyKind",
    "KeySet",
    "MatchModel",
    "Pair",
    "Reason",
    "Scan",
    "answer",
    "answers_of",
    "auto_groups",
    "changed_since",
    "check",
    "check_many",
    "confirm",
    "keep",
    "list_groups",
    "list_pairs",
    "merge",
    "merge_auto",
    "rebuild",
    "reject",
    "scan",
    "stale",
]
