"""Fax applications, phone numbers and outbound voice profiles."""

from typing import Any

import pytest
from telnyx import BadRequestError, NotFoundError, Telnyx

from telnyx_sandbox.server import Server
from tests.telnyx_sandbox.helpers import FRONT_DESK, HOOK, OURS, RECORDS, THEIRS, api, errors, send, truth

NEW: dict[str, Any] = {"application_name": "Pharmacy", "webhook_event_url": "https://pharmacy.example/hook"}


def test_a_fresh_account(sdk: Telnyx) -> None:
    names = {application.id: application.application_name for application in sdk.fax_applications.list()}
    assert names == {FRONT_DESK: "Front desk", RECORDS: "Records"}
    numbers = {number.phone_number: number.connection_id for number in sdk.phone_numbers.list()}
    assert numbers == {
        "+13125790015": FRONT_DESK,
        "+13125790016": FRONT_DESK,
        "+17739420110": RECORDS,
        "+17739420111": RECORDS,
    }
    [profile] = sdk.outbound_voice_profiles.list()
    assert (profile.name, profile.connections_count) == ("Office", 2)


def test_sdk_creates_changes_and_deletes_an_application(sdk: Telnyx) -> None:
    made = sdk.fax_applications.create(**NEW, tags=["new"], inbound={"channel_limit": 3}).data
    assert made and made.id and made.inbound and made.outbound
    assert (made.active, made.anchorsite_override, made.inbound.channel_limit) == (True, "Latency", 3)
    assert (made.webhook_event_failover_url, made.webhook_timeout_secs) == ("", None)
    changed = sdk.fax_applications.update(made.id, **NEW, active=False, webhook_timeout_secs=25).data
    assert changed and changed.inbound
    assert (changed.active, changed.webhook_timeout_secs, changed.tags) == (False, 25, ["new"])
    assert changed.inbound.channel_limit == 3
    assert sdk.fax_applications.retrieve(made.id).data == changed
    assert sdk.fax_applications.delete(made.id).data == changed
    with pytest.raises(NotFoundError):
        sdk.fax_applications.retrieve(made.id)


def test_the_email_recipient_is_taken_on_patch_and_never_shown(server: Server) -> None:
    body = {**NEW, "fax_email_recipient": "no address"}
    made = api(server, "POST", "/fax_applications", json=body)
    assert made.status_code == 201
    path = f"/fax_applications/{made.json()['data']['id']}"
    answer = api(server, "PATCH", path, json=body)
    assert errors(answer) == [("10019", "/fax_email_recipient")]
    answer = api(server, "PATCH", path, json={**NEW, "fax_email_recipient": "desk@clinic.example"})
    assert answer.status_code == 200
    for shown in (made, answer, api(server, "GET", path)):
        assert "fax_email_recipient" not in shown.json()["data"]


@pytest.mark.parametrize("missing", ["application_name", "webhook_event_url"])
def test_name_and_webhook_are_required_on_create_and_update(server: Server, missing: str) -> None:
    body = {name: value for name, value in NEW.items() if name != missing}
    for method, path in (("POST", "/fax_applications"), ("PATCH", f"/fax_applications/{RECORDS}")):
        answer = api(server, method, path, json=body)
        assert (answer.status_code, errors(answer)) == (422, [("10004", f"/{missing}")])


WRONG: list[tuple[dict[str, Any], tuple[str, str]]] = [
    ({"application_name": ""}, ("10025", "/application_name")),
    ({"webhook_event_url": "portal.example"}, ("10003", "/webhook_event_url")),
    ({"webhook_event_failover_url": "x"}, ("10003", "/webhook_event_failover_url")),
    ({"webhook_timeout_secs": 31}, ("10033", "/webhook_timeout_secs")),
    ({"webhook_timeout_secs": "2"}, ("10026", "/webhook_timeout_secs")),
    ({"active": "yes"}, ("10026", "/active")),
    ({"anchorsite_override": "Moon"}, ("10032", "/anchorsite_override")),
    ({"tags": "one"}, ("10026", "/tags")),
    ({"tags": [1]}, ("10026", "/tags")),
    ({"inbound": 1}, ("10026", "/inbound")),
    ({"inbound": {"channel_limit": 0}}, ("10033", "/inbound/channel_limit")),
    ({"inbound": {"sip_subdomain_receive_settings": "x"}}, ("10032", "/inbound/sip_subdomain_receive_settings")),
    ({"outbound": {"outbound_voice_profile_id": "1"}}, ("10017", "/outbound/outbound_voice_profile_id")),
]


@pytest.mark.parametrize(("change", "error"), WRONG)
def test_a_wrong_field_is_named(server: Server, change: dict[str, Any], error: tuple[str, str]) -> None:
    answer = api(server, "POST", "/fax_applications", json=NEW | change)
    assert (answer.status_code, errors(answer)) == (422, [error])


def test_null_takes_a_setting_back(server: Server) -> None:
    full = {
        "webhook_timeout_secs": 5,
        "webhook_event_failover_url": "https://b.example/",
        "inbound": {"channel_limit": 1, "sip_subdomain": "desk"},
    }
    none = {
        "webhook_timeout_secs": None,
        "webhook_event_failover_url": None,
        "inbound": {"channel_limit": None, "sip_subdomain": None},
    }
    path = f"/fax_applications/{RECORDS}"
    for change in (full, none):
        shown = api(server, "PATCH", path, json=NEW | change).json()["data"]
        del shown["inbound"]["sip_subdomain_receive_settings"]
        assert {name: shown[name] for name in change} == change


def test_an_application_in_use_stays(sdk: Telnyx, server: Server) -> None:
    with pytest.raises(BadRequestError) as refusal:
        sdk.fax_applications.delete(RECORDS)
    assert refusal.value.body["errors"][0]["code"] == "10021"  # type: ignore[index]
    for number in sdk.phone_numbers.list(filter={"connection_id": RECORDS}):
        sdk.phone_numbers.update(number.id, connection_id=FRONT_DESK)
    sdk.fax_applications.delete(RECORDS)
    assert [application.id for application in sdk.fax_applications.list()] == [FRONT_DESK]


def test_applications_are_filtered(server: Server, sdk: Telnyx) -> None:
    found = sdk.fax_applications.list(filter={"application_name": {"contains": "FRONT"}})
    assert [application.id for application in found] == [FRONT_DESK]
    profile = next(iter(sdk.outbound_voice_profiles.list()))
    assert profile.id
    assert len(list(sdk.fax_applications.list(filter={"outbound_voice_profile_id": profile.id}))) == 2
    assert list(sdk.fax_applications.list(filter={"outbound_voice_profile_id": "1"})) == []
    answer = api(server, "GET", "/fax_applications", params={"filter[application_name][contains]": "Fr"})
    assert (answer.status_code, errors(answer)) == (400, [("10031", "filter[application_name][contains]")])


def test_applications_are_sorted(server: Server, sdk: Telnyx) -> None:
    newest = sdk.fax_applications.create(**NEW).data
    assert newest
    assert next(iter(sdk.fax_applications.list())).id == newest.id
    assert [each.application_name for each in sdk.fax_applications.list(sort="application_name")] == [
        "Front desk",
        "Pharmacy",
        "Records",
    ]
    answer = api(server, "GET", "/fax_applications", params={"sort": "-application_name"}).json()
    assert [each["application_name"] for each in answer["data"]] == ["Records", "Pharmacy", "Front desk"]
    assert errors(api(server, "GET", "/fax_applications", params={"sort": "id"})) == [("10032", "sort")]


def test_an_application_without_voice_profile_cannot_call(server: Server) -> None:
    body = {
        "application_name": "Front desk",
        "webhook_event_url": HOOK,
        "outbound": {"outbound_voice_profile_id": None},
    }
    api(server, "PATCH", f"/fax_applications/{FRONT_DESK}", json=body)
    fax_id = send(server)["id"]
    server.sandbox.advance(60)
    assert truth(server.sandbox, fax_id)["failure_reason"] == "no_outbound_profile"


def test_a_number_of_somebody_else_cannot_call(server: Server) -> None:
    fax_id = send(server, **{"from": "+13125550198"})["id"]
    server.sandbox.advance(60)
    assert truth(server.sandbox, fax_id)["failure_reason"] == "unverified_origination_number"


def test_sdk_reads_and_moves_a_number(sdk: Telnyx) -> None:
    [number] = sdk.phone_numbers.list(filter={"phone_number": "13125790015"})
    assert (number.connection_name, number.status, number.phone_number_type) == ("Front desk", "active", "local")
    moved = sdk.phone_numbers.update(number.id, connection_id=RECORDS, tags=["moved"]).data
    assert moved and (moved.connection_name, moved.tags) == ("Records", ["moved"])
    assert sdk.phone_numbers.retrieve(number.id).data == moved


def test_a_number_is_taken_off_its_application(server: Server, sdk: Telnyx) -> None:
    [number] = sdk.phone_numbers.list(filter={"phone_number": "13125790015"})
    shown = api(server, "PATCH", f"/phone_numbers/{number.id}", json={"connection_id": None}).json()["data"]
    assert (shown["connection_id"], shown["connection_name"]) == (None, None)
    with pytest.raises(ValueError, match="No fax application receives"):
        server.sandbox.receive(to=OURS)


def test_a_number_goes_only_to_an_application_that_exists(server: Server, sdk: Telnyx) -> None:
    [number] = sdk.phone_numbers.list(filter={"phone_number": "13125790015"})
    answer = api(server, "PATCH", f"/phone_numbers/{number.id}", json={"connection_id": "1"})
    assert (answer.status_code, errors(answer)) == (422, [("10017", "/connection_id")])
    assert api(server, "GET", "/phone_numbers/1").status_code == 404


FILTERS = [
    ({"filter[connection_id]": RECORDS}, 2),
    ({"filter[phone_number]": "773"}, 2),
    ({"filter[phone_number]": "+1773"}, 0),
    ({"filter[status]": "active"}, 4),
    ({"filter[status]": "deleted"}, 0),
    ({"filter[country_iso_alpha2]": "US"}, 4),
    ({"filter[country_iso_alpha2][]": ["US", "CA"]}, 4),
    ({"filter[country_iso_alpha2]": "CA"}, 0),
    ({"filter[tag]": "main"}, 1),
    ({"filter[without_tags]": "true"}, 3),
    ({"filter[customer_reference]": "R1"}, 1),
    ({"filter[number_type][eq]": "local"}, 4),
    ({"filter[source]": "ported"}, 0),
    ({"filter[source]": "purchased"}, 4),
    ({"filter[billing_group_id]": "null"}, 4),
    ({"filter[emergency_address_id]": "null"}, 4),
    ({"filter[voice.connection_name][contains]": "DESK"}, 2),
    ({"filter[voice.connection_name][starts_with]": "front"}, 2),
    ({"filter[voice.connection_name][ends_with]": "ords"}, 2),
    ({"filter[voice.connection_name][eq]": "Records"}, 2),
    ({"filter[voice.usage_payment_method]": "channel"}, 0),
]


@pytest.mark.parametrize(("query", "count"), FILTERS)
def test_numbers_are_filtered(server: Server, sdk: Telnyx, query: dict[str, Any], count: int) -> None:
    [number] = sdk.phone_numbers.list(filter={"phone_number": "13125790015"})
    sdk.phone_numbers.update(number.id, tags=["main"], customer_reference="R1")
    assert api(server, "GET", "/phone_numbers", params=query).json()["meta"]["total_results"] == count


def test_numbers_are_sorted(sdk: Telnyx) -> None:
    numbers = [number.phone_number for number in sdk.phone_numbers.list(sort="phone_number")]
    assert numbers == sorted(numbers)


def test_a_number_can_be_added(server: Server) -> None:
    server.sandbox.add_number("+13125790017", RECORDS)
    fax = server.sandbox.receive(to="+13125790017", from_=THEIRS)
    assert fax["connection_id"] == RECORDS


def test_voice_profiles(server: Server, sdk: Telnyx) -> None:
    [profile] = sdk.outbound_voice_profiles.list(filter={"name": {"contains": "off"}})
    assert profile.id
    shown = sdk.outbound_voice_profiles.retrieve(profile.id).data
    assert shown and (shown.enabled, shown.whitelisted_destinations) == (True, ["US", "CA"])
    assert list(sdk.outbound_voice_profiles.list(filter={"name": {"contains": "home"}})) == []
    with pytest.raises(NotFoundError):
        sdk.outbound_voice_profiles.retrieve("1")
