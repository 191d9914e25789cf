"""How long Telnyx's link to the pages of a received fax lives."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

# https://developers.telnyx.com/docs/programmable-fax/receive-a-fax-via-api
USUAL_LIFE = timedelta(minutes=10)
LONGEST_LIFE = timedelta(days=7)


def dies_at(link: str, told_at: datetime) -> datetime:
    """When the link stops to work: as it says itself in the way of Amazon's signed links, else ten minutes after it
    was told."""
    said = _own_word(link)
    # Such a link lives seven days at most, so what lies further away is no date but mischief.
    return said if said and abs(said - told_at) <= LONGEST_LIFE else told_at + USUAL_LIFE


def _own_word(link: str) -> datetime | None:
    """https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html"""
    if "x-amz-date=" not in link.lower():
        return None
    try:
        said = {name.lower(): values[0] for name, values in parse_qs(urlsplit(link).query).items()}
        made = datetime.strptime(said.get("x-amz-date", ""), "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        seconds = said.get("x-amz-expires", "")
        return made + timedelta(seconds=int(seconds)) if re.fullmatch(r"[0-9]{1,7}", seconds) else None
    except (ValueError, OverflowError):
        # The last days of the year 9999 have no week after them.
        return None
