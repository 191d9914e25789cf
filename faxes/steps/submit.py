"""Hand faxes over to Telnyx: never lost, never twice.

1. Claim one *ready* fax by one UPDATE and open an attempt with a fresh token.
2. Bring the pages to Telnyx under that token. Whatever fails here, nothing has been sent.
3. One conditional UPDATE marks the attempt *posting*; who finds another owner there stops.
4. POST /faxes once. A clear yes or no is recorded; anything else is *uncertain*, and only evidence settles it.

https://developers.telnyx.com/api/programmable-fax/send-fax and https://developers.telnyx.com/api/media-storage/
"""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

import structlog
from django.conf import settings

from applications.models import PhoneNumber
from applications.telnyx import client
from documents import UPLOAD_MAX
from faxes import gate, outbox
from faxes.claims import backoff
from faxes.files import local_path
from faxes.links import link_to
from faxes.mirror import Report, apply_remote
from faxes.models import Attempt, Fax, FaxEvent
from faxes.storage.sealing import BrokenSeal
from faxes.tokens import client_state
from telnyx_api import AccountInactive, Client, Forbidden, NoFunds, RateLimited, TelnyxError, Unauthorized
from telnyx_api import Fax as FaxPayload

log = structlog.get_logger(__name__)

# Refusals that speak of the account, not of the fax: every other fax would be refused as well.
ACCOUNT = (Unauthorized, Forbidden, NoFunds, AccountInactive, RateLimited)
# Uploaded pages are not needed once the fax has ended; Telnyx deletes them by itself after this.
UPLOAD_TTL = timedelta(days=2)
# At growing intervals, these take half an hour.
MOST_TRIES_FOR_LOST_PAGES = 10


def drain() -> int:
    """Send until nothing is due. Returns how many faxes were taken up."""
    count = outbox.recover_abandoned()
    if not outbox.whose_turn().exists() or not _has_key():
        return count
    with client() as telnyx:
        while submit_next(telnyx):
            count += 1
    return count


def submit_next(telnyx: Client) -> bool:
    """Take up one fax, if one may leave now."""
    if not gate.is_open() and not (outbox.whose_turn().exists() and gate.may_probe()):
        return False
    claimed = outbox.claim_ready()
    if claimed is None:
        return False
    fax, attempt = claimed
    with structlog.contextvars.bound_contextvars(fax_id=str(fax.pk)):
        _submit(telnyx, fax, attempt)
    return True


def _has_key() -> bool:
    why = "No Telnyx API key is set."
    if settings.TELNYX_API_KEY:
        try:
            with client():
                return True
        except ValueError as error:
            why = str(error)
    gate.shut(f"{why} Faxes wait here until an administrator sets one.", wait=gate.PROBE_EVERY)
    return False


def _submit(telnyx: Client, fax: Fax, attempt: Attempt) -> None:
    if _line_of(fax, attempt) is None:
        return
    try:
        pages = _bring_pages(telnyx, fax, attempt)
    except TelnyxError as error:
        _not_sent(fax, attempt, error)
        return
    except (FileNotFoundError, BrokenSeal) as error:
        log.error("submit.file_lost", error=str(error))
        _lost(fax, attempt)
        return
    except OSError as error:
        # The storage is away: nothing is wrong with the fax, so it waits.
        log.error("submit.storage", error=str(error))
        outbox.put_back(fax, attempt, why="The stored pages could not be read.", wait=backoff(fax.tries))
        return
    # Once more: to bring many pages takes minutes, in which it may have been given away.
    number = _line_of(fax, attempt)
    if number is None:
        return
    # Taken before the lease is renewed, so that the lease always outlives the POST.
    deadline = time.monotonic() + settings.SEND_DEADLINE_SECONDS
    if not outbox.begin_posting(fax, attempt):
        log.warning("submit.lost_lease", attempt=attempt.token)
        return
    try:
        answer = telnyx.send_fax(
            connection_id=number.connection_id,
            to=fax.to_number,
            from_=fax.from_number,
            client_state=client_state(attempt.token),
            webhook_url=f"{settings.PUBLIC_URL}/webhooks/telnyx" if settings.PUBLIC_URL else None,
            deadline=deadline,
            **pages,
            **fax.options,
        )
    except TelnyxError as error:
        _not_accepted(fax, attempt, error)
        return
    _accepted(fax, attempt, answer)


def _line_of(fax: Fax, attempt: Attempt) -> PhoneNumber | None:
    """The number that the fax leaves from; None where it cannot, or is not its team's any more. Then the fax has ended,
    and says so."""
    number = PhoneNumber.objects.sendable().select_related("team").filter(phone_number=fax.from_number).first()
    if number is not None and number.owner == fax.team:
        return number
    why = "is no longer attached to a fax application" if number is None else "belongs to another team by now"
    detail = f"{fax.from_number} {why}. Choose another number to send from."
    outbox.reject(fax, attempt, problem={"title": "The number cannot send", "detail": detail})
    return None


def _lost(fax: Fax, attempt: Attempt) -> None:
    """The pages are not what was stored, or not where. A disk may not be mounted: this ends only after many tries."""
    if fax.tries < MOST_TRIES_FOR_LOST_PAGES:
        outbox.put_back(fax, attempt, why="The stored pages are not in their place.", wait=backoff(fax.tries))
        return
    detail = "Its pages are no longer whole in the storage. Start a new fax and add the files once more."
    outbox.reject(fax, attempt, problem={"code": "lost", "title": "The pages are lost", "detail": detail})


def _bring_pages(telnyx: Client, fax: Fax, attempt: Attempt) -> dict[str, Any]:
    """Where Telnyx finds the pages: uploaded under the token, or behind a signed link when they are too many bytes."""
    assert fax.document is not None  # The CHECK constraint of `ready`.
    if fax.document.bytes > UPLOAD_MAX:
        return {"media_url": link_to(attempt)}
    with local_path(fax.document) as path, path.open("rb") as pages:
        telnyx.upload_media(
            file=pages,
            filename=f"{attempt.token}.pdf",
            media_name=attempt.token,
            ttl_secs=int(UPLOAD_TTL.total_seconds()),
        )
    return {"media_name": attempt.token}


def _accepted(fax: Fax, attempt: Attempt, answer: FaxPayload) -> None:
    report = Report.of_fax(answer, source=FaxEvent.Source.ANSWER)
    if not report.telnyx_id:
        outbox.doubt(fax, attempt, why="The answer names no fax.")
        return
    apply_remote(report, attempt=attempt)
    gate.open_up()
    log.info("submit.accepted", telnyx_id=report.telnyx_id)


def _not_accepted(fax: Fax, attempt: Attempt, error: TelnyxError) -> None:
    """The POST itself went wrong: was it a no, or might Telnyx have the fax?"""
    if error.outcome_known:
        _not_sent(fax, attempt, error)
        return
    log.warning("submit.uncertain", error=str(error))
    outbox.doubt(fax, attempt, why=str(error))


def _not_sent(fax: Fax, attempt: Attempt, error: TelnyxError) -> None:
    """Telnyx does not have this fax, for certain: wait and try again, or end it when Telnyx refused the fax itself."""
    log.warning("submit.not_sent", error=str(error))
    if isinstance(error, ACCOUNT):
        wait = gate.wait_of(error)
        gate.shut(_account_words(error), wait=wait)
        outbox.put_back(fax, attempt, why=str(error), wait=wait)
    elif error.retryable or not error.outcome_known:
        outbox.put_back(fax, attempt, why=str(error), wait=backoff(fax.tries))
    else:
        # An answer about this fax alone says that the account may send again.
        gate.open_up()
        outbox.reject(fax, attempt, problem=problem_of(error))


def problem_of(error: TelnyxError) -> dict[str, Any]:
    """A refusal as it is kept on the fax, in Telnyx's own words and codes."""
    pointers = [item.pointer for item in error.pointers if item.pointer]
    said = {"code": error.code, "title": error.title, "detail": error.detail or str(error), "pointers": pointers}
    return {key: value for key, value in said.items() if value}


def _account_words(error: TelnyxError) -> str:
    if isinstance(error, RateLimited):
        return "Telnyx asks us to slow down. Faxes wait here and leave by themselves."
    said = error.detail or error.title or str(error)
    return f"Telnyx refuses this account ({said.rstrip('.')}). Faxes wait here; we try again every minute."
