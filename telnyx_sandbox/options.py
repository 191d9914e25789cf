"""The knobs of a sandbox. Defaults are Telnyx's documented figures, or a choice where nothing is documented."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, get_type_hints


@dataclass
class Options:
    """Read at the moment of use, so a change holds for everything that comes after it. Times are in seconds."""

    speed: float = 1.0
    """Divides every waiting time: 10 is ten times as fast."""
    delay: float = 0.0
    """Held back before each request is worked on."""
    listing_lag: float = 0.0
    """A new fax appears in GET /faxes only after this time."""
    omit_fields: set[str] = field(default_factory=set)
    """Fields that GET /faxes and GET /faxes/{id} leave out."""
    page_count_on_fax: bool = True
    """Whether a fax shows page_count and call_duration_secs, which are documented for webhooks only."""
    max_page_size: int = 250
    """Larger page[size] values of GET /faxes are cut to this."""
    cancelled_reason: str = "canceled"
    """failure_reason of a cancelled fax, which Telnyx documents nowhere."""
    link_seconds: int = 600
    """Life of links to media: https://developers.telnyx.com/docs/programmable-fax/receive-a-fax-via-api"""
    link_fetches: int = 1_000_000
    """How often a link to media opens; one that has been used up answers as an expired one does."""
    max_url_bytes: int = 50 * 1024 * 1024
    max_upload_bytes: int = 20 * 1024 * 1024
    max_pages: int = 350
    webhook_timeout: float = 2.0
    """Where the fax application has no webhook_timeout_secs."""
    attempts_per_url: int = 3
    attempt_spacing: float = 1.0
    """Between two attempts to deliver a webhook; divided by speed like every wait."""

    def change(self, values: Mapping[str, Any]) -> None:
        """Sets options from JSON, all or none. Raises ValueError naming what cannot be set."""
        kinds = get_type_hints(Options)
        checked = {name: _converted(name, kinds.get(name), value) for name, value in values.items()}
        for name, value in checked.items():
            setattr(self, name, value)

    def as_json(self) -> dict[str, Any]:
        values = {each.name: getattr(self, each.name) for each in fields(self)}
        return {**values, "omit_fields": sorted(self.omit_fields)}


def _converted(name: str, kind: Any, value: Any) -> Any:
    if kind is None:
        raise ValueError(f"There is no option {name}.")
    if kind == set[str] and isinstance(value, list) and all(isinstance(item, str) for item in value):
        return set(value)
    if isinstance(value, bool) != (kind is bool):
        raise ValueError(f"The option {name} cannot be {value!r}.")
    if kind in (int, float) and isinstance(value, int | float):
        return _number(name, kind, value)
    if kind in (str, bool) and isinstance(value, kind):
        return value
    raise ValueError(f"The option {name} cannot be {value!r}.")


def _number(name: str, kind: type[int] | type[float], value: float) -> float:
    least = 0.001 if name == "speed" else 1 if kind is int else 0
    if not least <= value <= 1e9:
        raise ValueError(f"The option {name} must be from {least} to 1000000000.")
    return kind(value)
