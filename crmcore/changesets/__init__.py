"""Mass changes: preview, confirm, undo (I-72)."""

from crmcore.changesets.api import ChangeSets
from crmcore.changesets.bulk import Written
from crmcore.changesets.kinds import Kind
from crmcore.changesets.values import Planned, Preview, Refusal, Result, Seen
from crmcore.changesets.writers import CharacteristicWriter, ColumnWriter, FieldWriter

__all__ = [
    "ChangeSets",
    "CharacteristicWriter",
    "ColumnWriter",
    "FieldWriter",
    "Kind",
    "Planned",
    "Preview",
    "Refusal",
    "Result",
    "Seen",
    "Written",
]
