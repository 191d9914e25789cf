"""Magic destination numbers: a fax to one of them goes the way of its scenario.

Failure reasons are those of https://support.telnyx.com/en/articles/4967498-fax-api-error-list and of the published
SDK. The numbers are fictitious: +1 312 555 01xx is never assigned.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from telnyx_sandbox.faults import Fault

RATE_LIMIT_HEADERS = {"x-ratelimit-limit": "5", "x-ratelimit-remaining": "0", "x-ratelimit-reset": "2"}

# What ends an inbound fax, in Telnyx's words. The last one is theirs, too, however odd.
INBOUND_REASONS = (
    "carrier_lost",
    "sender_call_dropped",
    "sender_canceled",
    "sender_communication_error",
    "fax_signaling_error",
    "received",
)


@dataclass(frozen=True)
class Scenario:
    """`fails_in` is the status after which the fax fails; `webhooks` is one of once, never, twice, backwards."""

    title: str
    fails_in: str = ""
    failure_reason: str = ""
    slowness: float = 1.0
    fault: Fault | None = None
    webhooks: str = "once"
    hidden: tuple[str, ...] = ()


ORDINARY = Scenario("goes through")

SCENARIOS: Mapping[str, Scenario] = {
    "+13125550101": Scenario("line is busy", "originated", "user_busy"),
    "+13125550102": Scenario("nobody answers", "originated", "receiver_no_answer", slowness=2),
    "+13125550103": Scenario("far end declines the call", "originated", "receiver_decline"),
    "+13125550104": Scenario("refused at once with 422", fault=Fault("status", 422)),
    "+13125550105": Scenario("document found broken", "queued", "file_format_invalid"),
    "+13125550106": Scenario("line drops while sending", "sending", "receiver_call_dropped"),
    "+13125550107": Scenario("a person answers, no fax tones", "originated", "fax_initial_communication_timeout"),
    "+13125550108": Scenario("number not in service", "originated", "receiver_unallocated_number"),
    "+13125550109": Scenario("country not allowed", "media.processed", "destination_not_in_countries_whitelist"),
    "+13125550110": Scenario("takes ten times as long", slowness=10),
    "+13125550111": Scenario("Telnyx has a bad day", "media.processed", "service_unavailable"),
    "+13125550120": Scenario("429 with rate limit headers", fault=Fault("status", 429, RATE_LIMIT_HEADERS)),
    "+13125550121": Scenario("429 without headers", fault=Fault("status", 429)),
    "+13125550122": Scenario("500, not accepted", fault=Fault("status", 500)),
    "+13125550123": Scenario("500, yet accepted and sent", fault=Fault("status", 500, after=True)),
    "+13125550124": Scenario("connection breaks, yet accepted and sent", fault=Fault("reset", after=True)),
    "+13125550125": Scenario("connection breaks, not accepted", fault=Fault("reset")),
    "+13125550126": Scenario("403, account out of funds", fault=Fault("status", 403)),
    "+13125550130": Scenario("goes through, all webhooks lost", webhooks="never"),
    "+13125550131": Scenario("goes through, every webhook twice", webhooks="twice"),
    "+13125550132": Scenario("goes through, webhooks last to first at the end", webhooks="backwards"),
    "+13125550133": Scenario(
        "goes through, GET answers lack client_state and media_name", hidden=("client_state", "media_name")
    ),
}


def scenario_for(to: str) -> Scenario:
    return SCENARIOS.get(to, ORDINARY)
