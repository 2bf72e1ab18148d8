"""Merge accounts into one, with everything that refers to them, and take it back (I-17 to I-20)."""

from crmcore.merge.events import AccountMerged, AccountUnmerged
from crmcore.merge.values import FieldDecision, MergePreview, MergeRecord, MergeResult, ThreeWay, UndoResult

__all__ = [
    "AccountMerged",
    "AccountUnmerged",
    "FieldDecision",
    "MergePreview",
    "MergeRecord",
    "MergeResult",
    "ThreeWay",
    "UndoResult",
]
