"""What of a table the law wants kept although the person whom it is about is erased, for how long, and why."""

from __future__ import annotations

import attrs

from crmcore.labels import Label


@attrs.frozen(kw_only=True)
class Retention:
    """Say which personal columns of a table outlive an erasure (GDPR art. 17(3)); every other personal column is emptied.

    ``law`` names the rule (``art. 2220 c.c.``), ``reason`` what it asks, in both languages. The columns stay for ``years`` from the date
    or instant in the column ``since``; without ``years`` for as long as the row is there. Erasing again afterwards empties them::

        __retention__ = Retention(
            keeps=("customer_name", "vat_code"),
            law="art. 2220 c.c.",
            reason=Label("le fatture si conservano dieci anni", "invoices are kept for ten years"),
            years=10,
            since="issued_on",
        )
    """

    keeps: tuple[str, ...]
    law: str
    reason: Label
    years: int | None = None
    since: str = "created_at"
