"""Telnyx's times: whole seconds on faxes, milliseconds on other objects, microseconds in events; always UTC."""

from datetime import UTC, datetime


def iso(moment: float, timespec: str = "seconds") -> str:
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec=timespec).replace("+00:00", "Z")


def instant(text: str) -> float:
    """Seconds of an ISO 8601 time, which is UTC where it names no zone. Raises ValueError."""
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
