"""Events of erasures: they name records by their keys, and say nothing about anybody."""

from __future__ import annotations

from typing import ClassVar, Final

import attrs

from crmcore.events import Event


@attrs.frozen(kw_only=True)
class AccountErased(Event):
    """The person of an account was erased, with what was merged into it.

    A plugin that keeps data elsewhere (files, another system) removes it in a handler of this event.
    """

    TYPE: ClassVar[str] = "account.erased"

    account_id: int
    merged_ids: tuple[int, ...] = ()


@attrs.frozen(kw_only=True)
class PersonErased(Event):
    """A contact person was erased; the account stays."""

    TYPE: ClassVar[str] = "person.erased"

    person_id: int
    account_id: int


PRIVACY_EVENTS: Final[tuple[type[Event], ...]] = (AccountErased, PersonErased)
