"""Documents, rows, numbers, conversion, revisions and workflow: the archive itself."""

from crmcore_offers.archive.documents import Documents, HeaderFields
from crmcore_offers.archive.generating import Origin
from crmcore_offers.archive.publishing import Mirror, Outcome, Published
from crmcore_offers.archive.revising import Content, Difference
from crmcore_offers.archive.rows import NewRow

__all__ = ["Content", "Difference", "Documents", "HeaderFields", "Mirror", "NewRow", "Origin", "Outcome", "Published"]
