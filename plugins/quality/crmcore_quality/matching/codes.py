"""What the work on duplicates refuses."""

from __future__ import annotations

from typing import Final

from crmcore import ErrorCode

CODES: Final = (
    ErrorCode(
        "QUALITY_SCAN_LIMITED",
        "{login} does not see all accounts, and so cannot look for duplicates among them",
        "{login} non vede tutte le anagrafiche, e quindi non può cercarvi i doppioni",
        "Let the system look: `crm quality duplicates find`, or the job quality.find_duplicates.",
    ),
    ErrorCode(
        "QUALITY_FORBIDDEN",
        "{login} may not decide about duplicates",
        "{login} non può decidere sui doppioni",
        "The profile has to grant quality.duplicates.",
    ),
    ErrorCode(
        "QUALITY_SAME_RECORD",
        "account {id} is one and the same with itself",
        "l'anagrafica {id} coincide con sé stessa",
        "Give two different accounts.",
    ),
)
