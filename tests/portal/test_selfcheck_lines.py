"""What the facts mean: each line in each of its states, and nothing that Telnyx may say breaks one."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pytest_django import Settings

from applications.models import FaxApplication
from portal.selfcheck.facts import Facts, Heard, Traffic
from portal.selfcheck.findings import Finding, State
from portal.selfcheck.lines import judge
from telnyx_api import OutboundVoiceProfile
from telnyx_api.signature import WRONG_SIGNATURE, WRONG_TIME
from webhooks.models import Refused
from webhooks.probe import Probed

OURS = "https://fax.example.com/webhooks/telnyx"
NOW = datetime(2026, 3, 9, 12, tzinfo=UTC)
KEY = base64.b64encode(bytes(32)).decode()
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


@pytest.fixture(autouse=True)
def _public_url(settings: Settings) -> None:
    settings.PUBLIC_URL = "https://fax.example.com"


def profile(**said: Any) -> OutboundVoiceProfile:
    given = {"id": "77", "name": "Office", "enabled": True, "whitelisted_destinations": ["US", "CA"]}
    return OutboundVoiceProfile({**given, **said})


def application(**columns: Any) -> FaxApplication:
    given: dict[str, Any] = {
        "telnyx_id": "12",
        "active": True,
        "webhook_event_url": OURS,
        "webhook_event_failover_url": "https://second.example.com/webhooks/telnyx",
        "outbound_voice_profile_id": "77",
    }
    return FaxApplication(**{**given, **columns})


def facts(**given: Any) -> Facts:
    """All is well, but for what is given."""
    well: dict[str, Any] = {
        "application": application(),
        "heard": Heard(profile=profile(), clock_skew=1.0),
        "probed": Probed("ok", "Our door answered in 12 ms.", 12),
        "traffic": Traffic(countries={"US", "CA"}, newest_at=NOW - 2 * HOUR),
        "numbers": {"active": 2},
        "told_at": NOW - HOUR,
        "accepted_at": NOW - HOUR,
        "known_since": None,
        "refused": None,
        "drift": 0,
        "public_key": KEY,
        "our_door": OURS,
        "began": NOW,
    }
    return Facts(**{**well, **given})


def line(code: str, **given: Any) -> Finding:
    found = {finding.code: finding for finding in judge(facts(**given))}
    return found[code]


def codes(**given: Any) -> list[str]:
    return [finding.code for finding in judge(facts(**given))]


def test_all_is_well() -> None:
    found = judge(facts())
    assert {finding.state for finding in found} == {State.OK}
    assert [finding.code for finding in found] == [
        "exists",
        "active",
        "webhook",
        "timeout",
        "failover",
        "numbers",
        "profile",
        "destinations",
        "reachable",
        "key",
        "clock",
        "accepted",
        "refused",
    ]
    assert all(finding.title and finding.why and not finding.mend for finding in found)


def test_of_an_application_that_is_gone_only_the_house_is_told() -> None:
    given = {"application": application(gone_at=NOW), "heard": Heard(clock_skew=0.0)}
    assert codes(**given) == ["exists", "reachable", "key", "clock", "accepted", "refused"]
    assert line("exists", **given).state is State.BAD


def test_where_telnyx_could_not_be_asked_the_rest_is_told_all_the_same() -> None:
    heard = Heard(trouble="Telnyx cannot be reached at this moment.")
    found = {finding.code: finding for finding in judge(facts(heard=heard))}
    unknown = {code for code, finding in found.items() if finding.state is State.UNKNOWN}
    assert unknown == {"exists", "profile", "clock"}
    assert all(heard.trouble in found[code].why for code in ("exists", "profile"))
    assert {found[code].state for code in ("active", "webhook", "failover", "timeout", "numbers", "key")} == {State.OK}


@pytest.mark.parametrize(("active", "state", "mend"), [(False, "bad", "activate"), (None, "unknown", "")])
def test_active(active: bool | None, state: str, mend: str) -> None:
    found = line("active", application=application(active=active))
    assert (found.state, found.mend) == (state, mend)


@pytest.mark.parametrize(
    "url", ["", "https://elsewhere.example/hook", f"{OURS}?x=1", "http://fax.example.com/webhooks/telnyx"]
)
def test_a_webhook_url_that_is_not_ours_can_be_set(url: str) -> None:
    found = line("webhook", application=application(webhook_event_url=url))
    assert (found.state, found.mend, found.value) == ("bad", "webhook", OURS)
    assert url in found.title and OURS in found.why


def test_a_webhook_url_without_end_is_told_in_short() -> None:
    assert len(line("webhook", application=application(webhook_event_url="https://x/" + "y" * 9000)).title) < 300


def test_without_a_public_url_nobody_knows_which_is_ours(settings: Settings) -> None:
    settings.PUBLIC_URL = ""
    found = line("webhook", our_door="")
    assert (found.state, found.mend) == ("unknown", "") and "PUBLIC_URL" in found.why


@pytest.mark.parametrize("state", ["ok", "warn", "bad", "unknown"])
def test_what_the_probe_says_is_repeated(state: str) -> None:
    found = line("reachable", probed=Probed(state, "As it is."))
    assert (found.state, found.why) == (state, "As it is.")


@pytest.mark.parametrize(
    ("url", "state"),
    [("", "warn"), (OURS, "warn"), (f"{OURS}/", "warn"), ("https://second.example.com/x", "ok"), ("nonsense", "ok")],
)
def test_failover(url: str, state: str) -> None:
    assert line("failover", application=application(webhook_event_failover_url=url)).state == state


@pytest.mark.parametrize("odd", ["soon", 10.5, [10], {"seconds": 10}])
def test_a_timeout_that_is_no_number_is_not_called_the_usual_one(odd: Any) -> None:
    found = line("timeout", application=application(raw={"webhook_timeout_secs": odd}))
    assert found.state == "unknown" and "it says" in found.title and not found.mend


@pytest.mark.parametrize(
    ("seconds", "state"),
    [(None, "ok"), (2, "ok"), (30, "ok"), (0, "warn"), (1, "warn"), (31, "warn"), (-1, "warn"), (2**31 - 1, "warn")],
)
def test_timeout(seconds: int | None, state: str) -> None:
    found = line("timeout", application=application(webhook_timeout_secs=seconds))
    assert (found.state, found.value) == (state, 10 if state == "warn" else None)


def without_profile(*usable: OutboundVoiceProfile, **columns: Any) -> dict[str, Any]:
    columns = {"outbound_voice_profile_id": "", **columns}
    return {"application": application(**columns), "heard": Heard(usable=usable)}


def test_a_profile_is_needed_by_who_sends() -> None:
    assert line("profile", **without_profile()).state == "bad"
    assert line("profile", **without_profile(), traffic=Traffic()).state == "warn"
    assert line("profile", **without_profile(outbound_voice_profile_id="77"), traffic=Traffic()).state == "bad"
    assert "destinations" not in codes(**without_profile())


def test_only_the_one_usable_profile_is_offered() -> None:
    one, other = profile(id="8", name="Desk"), profile(id="9")
    assert line("profile", **without_profile(one, other)).mend == ""
    found = line("profile", **without_profile(one))
    assert (found.mend, found.value, found.offer) == ("profile", "8", "Use the profile “Desk”")
    off = Heard(profile=profile(enabled=False), usable=[one])
    assert (line("profile", heard=off).state, line("profile", heard=off).value) == ("bad", "8")


def test_a_profile_of_which_little_is_said() -> None:
    assert line("profile", heard=Heard(profile=profile(enabled=None))).state == "unknown"
    assert line("profile", heard=Heard(profile=profile(enabled="perhaps"))).state == "unknown"
    assert "“77”" in line("profile", heard=Heard(profile=profile(name=None))).title
    assert line("profile", heard=Heard(profile_trouble="No.")).why == "No."


@pytest.mark.parametrize(
    ("allowed", "state"),
    [
        (["US", "CA", "GB"], "ok"),
        (["us", "ca"], "ok"),
        (["US"], "warn"),
        ([], "warn"),
        (None, "unknown"),
        ({"all": True}, "unknown"),
        ([1, None, {"US": 1}], "unknown"),
        ("US", "warn"),
    ],
)
def test_destinations(allowed: Any, state: str) -> None:
    heard = Heard(profile=profile(whitelisted_destinations=allowed))
    assert line("destinations", heard=heard).state == state


def test_destinations_that_nobody_mentions_are_not_known() -> None:
    heard = Heard(profile=OutboundVoiceProfile({"id": "77", "enabled": True}))
    assert line("destinations", heard=heard).state == "unknown"


def test_a_country_that_was_refused_is_certain() -> None:
    traffic = Traffic(countries={"US", "MX", "DE"}, refused={"MX", "CA"})
    found = line("destinations", traffic=traffic)
    assert found.state == "bad" and found.title.endswith(": DE, MX")
    assert line("destinations", traffic=Traffic(countries={"US"}, refused={"CA"})).state == "ok"


def test_a_world_of_countries_is_told_in_short() -> None:
    traffic = Traffic(countries={f"X{letter}" for letter in "ABCDEFGHIJKLMNOP"})
    assert line("destinations", traffic=traffic).title.endswith("and 8 more")


def test_spending_is_told_where_there_is_a_limit() -> None:
    assert "spending" not in codes(heard=Heard(profile=profile(daily_spend_limit="5.00")))
    limited = Heard(profile=profile(daily_spend_limit="5.00", daily_spend_limit_enabled=True))
    assert line("spending", heard=limited).title == "There is a daily spending limit of 5.00 USD, not reached"
    unsaid = Heard(profile=profile(daily_spend_limit=None, daily_spend_limit_enabled=True))
    assert "unknown amount" in line("spending", heard=unsaid).title
    reached = line("spending", heard=Heard(), traffic=Traffic(spent_at=NOW - HOUR))
    assert (reached.state, reached.at) == ("bad", NOW - HOUR)


@pytest.mark.parametrize(
    ("numbers", "state", "words"),
    [
        ({}, "bad", "No number is attached"),
        ({"active": 1}, "ok", "1 number is attached and active"),
        ({"active": 2, "port-pending": 1}, "ok", "2 numbers are attached and active, others are not: 1 port-pending"),
        ({"teleporting": 3, "": 1}, "warn", "No attached number is active: 3 teleporting, 1 without a word"),
    ],
)
def test_numbers(numbers: dict[str, int], state: str, words: str) -> None:
    found = line("numbers", numbers=numbers)
    assert (found.state, found.title) == (state, words)


@pytest.mark.parametrize("key", ["", "not a key", base64.b64encode(b"short").decode(), KEY + "=", "é"])
def test_without_a_good_public_key_nothing_is_verified(key: str) -> None:
    assert line("key", public_key=key).state == "bad"


@pytest.mark.parametrize(
    ("skew", "state", "words"),
    [
        (59.0, "ok", "agrees"),
        (-59.0, "ok", "agrees"),
        (61.0, "warn", "61 seconds ahead of"),
        (-240.0, "warn", "4 minutes behind"),
        (301.0, "bad", "5 minutes ahead of"),
        (-86_400.0, "bad", "1440 minutes behind"),
        (None, "unknown", "Nobody knows"),
    ],
)
def test_clock(skew: float | None, state: str, words: str) -> None:
    found = line("clock", heard=Heard(profile=profile(), clock_skew=skew))
    assert (found.state, words in found.title) == (state, True), found.title


@pytest.mark.parametrize(
    ("accepted", "newest", "state"),
    [
        (None, None, "unknown"),
        (None, NOW - 2 * HOUR, "warn"),
        (NOW - HOUR, NOW - 2 * HOUR, "ok"),
        (NOW - HOUR, None, "ok"),
        (NOW - 3 * HOUR, NOW - 2 * HOUR, "warn"),
        # Two clocks.
        (NOW - 2 * HOUR - 4 * MINUTE, NOW - 2 * HOUR, "ok"),
    ],
)
def test_the_last_event(accepted: datetime | None, newest: datetime | None, state: str) -> None:
    found = line("accepted", told_at=accepted, traffic=Traffic(newest_at=newest))
    assert (found.state, found.at) == (state, accepted)


def test_of_what_there_was_before_us_nobody_was_to_tell_us() -> None:
    before = Traffic(newest_at=NOW - 2 * HOUR)
    assert line("accepted", told_at=None, traffic=before, known_since=NOW - HOUR).state == "unknown"
    assert line("accepted", told_at=None, traffic=before, known_since=NOW - 3 * HOUR).state == "warn"


def test_the_events_of_others_say_nothing_of_this_application() -> None:
    found = line("accepted", told_at=None, accepted_at=NOW, traffic=Traffic(newest_at=NOW - 2 * HOUR))
    assert (found.state, found.at, found.title) == ("warn", None, "No event told of its last faxes")


@pytest.mark.parametrize(
    ("reason", "ago", "state"),
    [
        ("the timestamp is missing or not a number", MINUTE, "ok"),
        (WRONG_SIGNATURE, 2 * HOUR, "ok"),
        (WRONG_SIGNATURE, MINUTE, "warn"),
        (WRONG_TIME, MINUTE, "warn"),
    ],
)
def test_a_refusal_worries_where_it_may_have_been_telnyx(reason: str, ago: timedelta, state: str) -> None:
    refused = Refused(3, NOW - ago, "192.0.2.7", reason)
    found = line("refused", refused=refused)
    assert (found.state, found.at) == (state, NOW - ago)
    assert all(word in found.why for word in ("3 events", "192.0.2.7", reason))


def test_a_refusal_before_any_event_worries() -> None:
    found = line("refused", refused=Refused(1, NOW, "", WRONG_SIGNATURE), accepted_at=None)
    assert found.state == "warn" and "One event was refused" in found.why


def test_drift_is_told_of_what_was_ever_written() -> None:
    assert "drift" not in codes(drift=0)
    written = application(written={"active": {"value": True}})
    assert line("drift", application=written).state == "ok"
    assert line("drift", application=written, drift=2).title == "2 fields differ from what was last set here"


def test_a_finding_is_kept_and_read_as_it_was() -> None:
    for given in (facts(), facts(refused=Refused(1, NOW, "", WRONG_SIGNATURE), numbers={}, our_door="")):
        for finding in judge(given):
            assert Finding.read(finding.as_json()) == finding


@pytest.mark.parametrize(
    "kept", [None, 1, "ok", [], {}, {"state": "splendid"}, {"state": []}, {"code": "x", "state": None}]
)
def test_what_another_version_kept_is_passed_over(kept: Any) -> None:
    assert Finding.read(kept) is None


def test_what_is_missing_of_a_kept_line_is_empty() -> None:
    found = Finding.read({"state": "bad", "at": "2026-99-99T00:00", "title": 7})
    assert found == Finding("", State.BAD, "7", "")
