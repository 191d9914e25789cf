"""Get at the pages of a received fax: by the link we have, or by a new one where that is dead."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import structlog
from django.utils import timezone

from applications.telnyx import client
from faxes.asking import take_answer
from faxes.fetch import FetchError, fetch
from faxes.models import Fax
from telnyx_api import NotFound, Refused, TelnyxError

log = structlog.get_logger(__name__)

# Troubles of the last try after which the link may be as good as before. All others call for a new one.
NOT_THE_LINKS = ("unreachable", "server", "slow", "broke_off", "storage", "stumbled", "worker_stopped", "kills_workers")


def bring(fax: Fax, path: Path) -> None:
    """Write the fax's pages to `path`. The link that was tried last is left on `fax`.

    Raises FetchError when they could not be had, and OSError when our own disk could not take them.
    """
    if not _seems_good(fax):
        _bring_by_a_new_link(fax, path)
        return
    try:
        _download(fax.media_url, path)
    except FetchError as error:
        if not error.link_dead:
            raise
        log.info("archive.link_dead", reason=error.reason)
        _renew(fax)
        _download(fax.media_url, path)


def _seems_good(fax: Fax) -> bool:
    alive = fax.link_dies_at is None or fax.link_dies_at > timezone.now()
    return alive and fax.problem.get("code") in (None, *NOT_THE_LINKS)


def _bring_by_a_new_link(fax: Fax, path: Path) -> None:
    try:
        _renew(fax)
    except FetchError:
        # Ten minutes are Telnyx's own figure: while nobody gives us a new link, the old one is worth a try.
        with suppress(FetchError):
            _download(fax.media_url, path)
            return
        raise
    _download(fax.media_url, path)


def _download(link: str, path: Path) -> None:
    if not link:
        raise FetchError("no_link", "Telnyx has not said yet where the pages are.", link_dead=True)
    with path.open("wb") as file:
        fetch(link, file)


def _renew(fax: Fax) -> None:
    """Have Telnyx renew the link, then ask for the fax, which should name it. Raises FetchError where it does not.

    Where a new link appears is not documented. Should it come by webhook, the next try finds it on the fax.
    https://developers.telnyx.com/api-reference/programmable-fax-commands/refresh-a-fax
    """
    telnyx_id = str(fax.telnyx_id)
    try:
        with client() as telnyx:
            # A fax that cannot be refreshed, such as a failed one, may have a good link all the same.
            with suppress(Refused):
                telnyx.refresh_fax(telnyx_id)
            answer = telnyx.get_fax(telnyx_id)
    except NotFound as error:
        take_answer(fax, None)
        raise FetchError("gone", "The link is dead, and Telnyx has this fax no more.") from error
    except (TelnyxError, ValueError) as error:
        raise FetchError("no_new_link", f"The link is dead, and Telnyx gave no new one. {error}") from error
    row = take_answer(fax, answer)
    if row is None or not answer.media_url:
        raise FetchError("no_link", "Telnyx has not said yet where the pages are.")
    fax.media_url = row.media_url
