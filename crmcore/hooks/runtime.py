"""Runtime hooks: few, around a unit of work or a command, never per row or per field."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING

from crmcore.hooks.markers import hookspec, single_slot

if TYPE_CHECKING:
    from crmcore.errors import Problem
    from crmcore.events import WorkingCalendar
    from crmcore.hooks.declarations import OpenWork
    from crmcore.rendering import PdfRequest
    from crmcore.session import Change, Session


@hookspec
def crm_validate(session: Session, changes: Sequence[Change]) -> Iterable[Problem] | None:
    """Return what is wrong with the changes of a commit, or None.

    Called once for each commit (and once more for what handlers changed), before anything is written, in the commit's
    transaction. Every plugin is asked and all problems are reported together in one `ValidationFailed`. Raising rolls back and is
    reported as a fault of the plugin, not as a refusal.

    Example::

        @hookimpl
        def crm_validate(session, changes):
            return [Problem(code="WARRANTY_EXPIRED", params={"on": c.record.until}) for c in changes if is_expired(c)]
    """


@hookspec
def crm_before_commit(session: Session, changes: Sequence[Change]) -> None:
    """Do the last work in the transaction of a commit.

    Called once for each commit, after validation, writing and in-transaction handlers, with all changes; what it changes is validated
    and written too. The result is ignored. Raising rolls everything back and names the plugin.

    Example::

        @hookimpl
        def crm_before_commit(session, changes):
            if len(changes) > 10_000 and not session.may("warranty.mass_change"):
                raise ValidationFailed("WARRANTY_TOO_MANY", count=len(changes))
    """


@hookspec(firstresult=True)
def crm_check_permission(session: Session, permission: str) -> bool | None:
    """Say whether the actor of the session has a permission; None leaves it to the next plugin, and at last to the core.

    Called for each `session.may`, possibly in no transaction; plugins are asked in dependency order until one answers. Raising
    refuses, and is reported with the plugin's name.

    Example::

        @hookimpl
        def crm_check_permission(session, permission):
            return False if permission == "warranty.extend" and session.actor.kind == "system" else None
    """


@hookspec
def crm_open_work(session: Session, login: str) -> Iterable[OpenWork] | None:
    """List what a user still has to do, so that somebody else can be given it: actions, appointments, tickets.

    Called by ``session.access.open_work``, which `crm access block` asks too, to read only, in the session of who asks: what that one may
    not see is not listed. The answers of all plugins are shown together, what is due first first. None means nothing. Raising is reported
    with the plugin's name.

    Example::

        @hookimpl
        def crm_open_work(session, login):
            return [OpenWork(entity="warranty.claim", id=claim.id, label=claim.title) for claim in open_claims(session, login)]
    """


@hookspec(firstresult=True)
def crm_next_number(session: Session, series: str, on: date) -> str | None:
    """Give the next number of a series on a date; None leaves it to the next plugin.

    Called by plugins that number things, in the transaction of the change; the number must be drawn there, so that a
    rollback gives it back. Raising rolls back.

    Example::

        @hookimpl
        def crm_next_number(session, series, on):
            return f"{series}/{on.year}/{draw(session, series):05d}" if series == "warranty" else None
    """


@hookspec
@single_slot
def crm_working_calendar(settings: Mapping[str, Mapping[str, object]]) -> WorkingCalendar | None:
    """Give the calendar that working-day arithmetic uses, instead of the core's Monday to Friday without holidays.

    A single-slot point: two enabled plugins that implement it stop the start. Called once when a Crm opens, without a database, with
    the settings of every plugin by name. Returning None leaves the core's calendar.

    Example::

        @hookimpl
        def crm_working_calendar(settings):
            return ItalianCalendar(closures=settings["italy"]["closures"])
    """


@hookspec
@single_slot
def crm_render_pdf(request: PdfRequest) -> bytes | None:
    """Render a page as PDF, instead of the core's own renderer (WeasyPrint in a process of its own).

    A single-slot point: two enabled plugins that implement it stop the start. Called once for each PDF, by ``crm.renderer``, possibly
    in no transaction and in any thread. The request says what the page may load and use; whoever implements this keeps to both. None leaves
    the request to the core's renderer. A `PdfFailed` goes to who asked; anything else raised is reported with the plugin's name.

    Example::

        @hookimpl
        def crm_render_pdf(request):
            return render_elsewhere(request.html) if request.variant is Variant.PLAIN else None
    """
