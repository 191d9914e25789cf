"""What the commands of this app have in common."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.core.management.base import CommandError
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime

from sync.listed import NOT_HERE
from telnyx_api import TelnyxError


def write(out: Any, lines: Iterable[str]) -> None:
    """Each line as it comes, and at the end how many there were. Raises CommandError where Telnyx did not tell all."""
    count = missing = 0
    try:
        for line in lines:
            out.write(line)
            count += 1
            missing += line.endswith(NOT_HERE)
    except (TelnyxError, ValueError) as error:
        raise CommandError(f"Telnyx could not be asked for all of it. {error}") from error
    found = f"{count} listed, {f'{missing} of them not' if missing else 'all of them'} here."
    out.write(found if count else "Telnyx lists nothing like that.")


def moment(said: str | None) -> datetime | None:
    """A day or a time, in UTC where no zone is said. Raises CommandError."""
    if not said:
        return None
    try:
        day = parse_date(said)
        when = datetime(day.year, day.month, day.day) if day else parse_datetime(said)
    except ValueError:
        when = None
    if when is None:
        raise CommandError(f"“{said}” is no time. Give a day such as 2026-11-01, or a time such as 2026-11-01T09:00Z.")
    return when if when.tzinfo else timezone.make_aware(when)
