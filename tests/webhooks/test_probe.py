"""Our door proves at our public address that it is there; and whatever else is there is told in words."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests
import time_machine
from django.core.signing import TimestampSigner
from django.test import Client
from pytest_django import Settings

from applications.fields import leads_here
from tests.telnyx_api.certificates import self_signed
from tests.telnyx_api.scripted import Reply, Server, closed_port, serving
from tests.webhooks.telnyx import DOOR, Telnyx, event
from webhooks.models import Delivery, Refusal
from webhooks.probe import GOOD_FOR, HEADER, KNOCK, Probed, _unanswered, probe

pytestmark = pytest.mark.django_db


def knock(nonce: str = "nonce", **signer: Any) -> str:
    return TimestampSigner(**{"salt": KNOCK, **signer}).sign(nonce)


def at_the_door(knock: str, *, to: str = DOOR, **headers: str) -> Any:
    return Client(enforce_csrf_checks=True).post(
        to, content_type="application/json", headers={HEADER: knock, **headers}
    )


def untouched() -> bool:
    return not Delivery.objects.exists() and not Refusal.objects.exists()


# The door


@pytest.mark.parametrize("path", [DOOR, f"{DOOR}/"])
@pytest.mark.parametrize("ssl_redirect", [False, True])
def test_a_knock_of_ours_is_answered_and_leaves_no_trace(
    settings: Settings, wakes: list[Any], path: str, ssl_redirect: bool, django_assert_num_queries: Any
) -> None:
    settings.SECURE_SSL_REDIRECT = ssl_redirect
    with django_assert_num_queries(0):
        answer = at_the_door(knock(), to=path)
    assert (answer.status_code, answer.content, len(answer[HEADER])) == (204, b"", 64)
    assert untouched() and wakes == []


def test_who_repeats_a_knock_gets_the_same_words_and_nothing_else() -> None:
    once = knock()
    assert at_the_door(once)[HEADER] == at_the_door(once)[HEADER] != at_the_door(knock("other"))[HEADER]
    assert untouched()


def test_a_knock_is_good_for_a_minute(telnyx: Telnyx) -> None:
    old = knock()
    with time_machine.travel(time.time() + GOOD_FOR - 2, tick=False):
        assert at_the_door(old).status_code == 204
    with time_machine.travel(time.time() + GOOD_FOR + 2, tick=False):
        assert at_the_door(old).status_code == 403
    assert Refusal.objects.get().count == 1


FORGERIES: dict[str, Callable[[], str]] = {
    "empty": lambda: "",
    "a word": lambda: "nonce",
    "no signature": lambda: "a:b:c",
    "colons": lambda: ":::::",
    "long": lambda: "x" * 8000,
    "no letters": lambda: "nonce:1vF2aB:\xff\xfe",
    "longer": lambda: knock() + "x",
    "another nonce": lambda: knock().replace("nonce", "other"),
    "another secret": lambda: knock(key="another secret, of somebody else's portal"),
    # What else of ours is signed opens nothing here.
    "another purpose": lambda: knock(salt="faxes.links"),
}


@pytest.mark.parametrize("forgery", FORGERIES)
def test_a_forged_knock_is_refused_and_counted_as_any_stranger(telnyx: Telnyx, forgery: str) -> None:
    answer = at_the_door(FORGERIES[forgery]())
    assert (answer.status_code, answer.content, HEADER in answer) == (403, b"", False)
    assert Refusal.objects.get().count == 1 and not Delivery.objects.exists()


def test_what_telnyx_signed_is_kept_whatever_it_says_of_knocking(telnyx: Telnyx) -> None:
    body = event()
    headers = telnyx.headers(body) | {HEADER: "forged"}
    assert Client().post(DOOR, body, content_type="application/json", headers=headers).status_code == 200
    assert Delivery.objects.count() == 1


def test_only_a_post_is_a_knock(client: Client) -> None:
    assert client.get(DOOR, headers={HEADER: knock()}).status_code == 405


# From outside


@pytest.mark.parametrize("path", [DOOR, f"{DOOR}/"])
@pytest.mark.django_db(transaction=True)
def test_our_door_answers_over_the_wire(live_server: Any, settings: Settings, path: str) -> None:
    settings.PUBLIC_URL = live_server.url
    state, detail, milliseconds = probe(live_server.url + path)
    assert milliseconds is not None
    assert (state, detail) == ("ok", f"Our door answered in {milliseconds} ms.")
    assert untouched()


def probed(settings: Settings, *replies: Reply, deadline: float = 5, **server: Any) -> tuple[Probed, Server]:
    """What comes of a probe where somebody else answers so."""
    with serving(*replies, **server) as somebody:
        settings.PUBLIC_URL = f"{somebody.scheme}://127.0.0.1:{somebody.server_port}"
        return probe(settings.PUBLIC_URL + DOOR, deadline=deadline), somebody


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (Reply(status=204), "Something else answers there (204)"),
        (Reply(status=204, headers={HEADER: "ab" * 32}), "Something else answers there (204)"),
        (Reply(status=204, headers={HEADER: "é"}), "Something else answers there (204)"),
        (Reply(status=200, content=b"<h1>It works!</h1>"), "Something else answers there (200)"),
        (
            Reply(status=301, headers={"Location": "https://www.example.com/"}),
            "leads on to https://www.example.com/ (301)",
        ),
        (Reply(status=308, headers={"Location": "x" * 4000}), f"leads on to {'x' * 200} (308)"),
        (Reply(status=302), "leads on to somewhere else (302)"),
        (Reply(status=400), "ALLOWED_HOSTS"),
        (Reply(status=401), "asks for a log-in (401)"),
        (Reply(status=403), "refused us (403)"),
        (Reply(status=404, content=b"<h1>Not found</h1>"), "Nothing is at this address (404)"),
        (Reply(status=405), "Something else answers there (405)"),
        (Reply(status=500), "Something else answers there (500)"),
        (Reply(status=502), "the portal behind it does not (502)"),
        (Reply(status=777), "Something else answers there (777)"),
        (Reply(raw=b"SSH-2.0-OpenSSH_9.2\r\n"), "does not speak HTTP"),
        (Reply(raw=b"", reset=True), "hung up"),
    ],
)
def test_what_else_answers_is_told(settings: Settings, reply: Reply, words: str) -> None:
    (state, detail, _), somebody = probed(settings, reply)
    assert (state, words in detail) == ("bad", True), detail
    assert [(asked.method, asked.path, asked.body) for asked in somebody.asked] == [("POST", DOOR, b"")]


def test_a_redirect_is_not_followed_even_to_our_own_door(settings: Settings) -> None:
    there = Reply(status=307, headers={"Location": f"{DOOR}/"})
    (state, detail, _), somebody = probed(settings, there, Reply(status=204))
    assert state == "bad" and "Telnyx follows no redirect" in detail
    assert len(somebody.asked) == 1


@pytest.mark.parametrize("said", [b"", b"HTTP/1.1 204 No Content\r\nX: "])
def test_who_never_answers_is_not_waited_for(settings: Settings, said: bytes) -> None:
    (state, detail, _), somebody = probed(settings, Reply(raw=said, hang=True), deadline=0.2)
    assert (state, detail) == ("bad", f"No answer came from 127.0.0.1:{somebody.server_port} within 0.2 seconds.")


def test_nobody_is_there(settings: Settings) -> None:
    port = closed_port()
    settings.PUBLIC_URL = f"http://127.0.0.1:{port}"
    assert probe(settings.PUBLIC_URL + DOOR) == Probed("bad", f"Nobody listens at 127.0.0.1:{port}.")


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_name_that_nobody_knows(settings: Settings, scheme: str) -> None:
    settings.PUBLIC_URL = f"{scheme}://fax.nowhere.invalid"
    state, detail, _ = probe(settings.PUBLIC_URL + DOOR)
    assert state == "bad" and detail.startswith("The name fax.nowhere.invalid is not known")


def test_a_certificate_that_nobody_vouches_for(settings: Settings, tmp_path: Path) -> None:
    (state, detail, _), somebody = probed(settings, Reply(status=204), tls=self_signed(tmp_path / "pem"))
    assert state == "bad" and detail.startswith(
        f"The certificate of 127.0.0.1:{somebody.server_port} is not good: self"
    )
    assert somebody.asked == []


def test_a_certificate_of_another_name(tmp_path: Path) -> None:
    """That is found out by who trusts the signer, so here the test asks, and the probe's words are for its error."""
    pem = tmp_path / "pem"
    with serving(Reply(status=204), tls=self_signed(pem)) as somebody, requests.Session() as session:
        with pytest.raises(requests.exceptions.SSLError) as caught:
            session.post(f"https://localhost:{somebody.server_port}", verify=str(pem), timeout=5)
    state, detail, _ = _unanswered(caught.value, "localhost:443")
    assert state == "bad"
    assert detail.startswith("The certificate of localhost:443 is not good: Hostname mismatch")


def test_a_server_without_tls_where_tls_is_said(settings: Settings) -> None:
    with serving() as somebody:
        settings.PUBLIC_URL = f"https://127.0.0.1:{somebody.server_port}"
        state, detail, _ = probe(settings.PUBLIC_URL + DOOR)
    assert state == "bad" and "is not good" in detail


# Whom it calls


@pytest.mark.parametrize("host", ["10.0.0.1", "192.168.1.1:8000", "169.254.169.254", "[fd00::1]", "100.64.0.1"])
def test_a_private_address_is_not_tried_unless_it_is_allowed(settings: Settings, host: str) -> None:
    settings.PUBLIC_URL = f"https://{host}"
    state, detail, _ = probe(settings.PUBLIC_URL + DOOR)
    assert state == "unknown" and "PRIVATE_HOSTS_ALLOWED" in detail


NOT_OURS = [
    "",
    "https://example.com/webhooks/telnyx",
    "http://127.0.0.1:{port}/webhooks/other",
    "http://127.0.0.1:{port}/webhooks/telnyx/../../faxes/",
    "http://127.0.0.1:{port}/webhooks/telnyx?x=1",
    "http://127.0.0.1:{port}/webhooks/telnyx#x",
    "http://127.0.0.1:{port}//webhooks/telnyx",
    "http://ann@127.0.0.1:{port}/webhooks/telnyx",
    "http://127.0.0.1:{port}@example.com/webhooks/telnyx",
    "http://127.0.0.1:99999/webhooks/telnyx",
    "http://[127.0.0.1/webhooks/telnyx",
    "https://127.0.0.1:{port}/webhooks/telnyx",
    "http://localhost:{port}/webhooks/telnyx",
    "file:///webhooks/telnyx",
    "/webhooks/telnyx",
    "nothing at all",
]


@pytest.mark.parametrize("url", NOT_OURS)
def test_nobody_but_us_is_called(settings: Settings, url: str) -> None:
    with serving(Reply(status=204)) as somebody:
        settings.PUBLIC_URL = f"http://127.0.0.1:{somebody.server_port}"
        asked_about = url.format(port=somebody.server_port)
        assert not leads_here(asked_about)
        assert probe(asked_about) == Probed("unknown", "This address is not ours, so it was not tried.")
        assert somebody.asked == []


@pytest.mark.parametrize(
    ("public_url", "url"),
    [
        ("https://fax.example.com", "https://fax.example.com/webhooks/telnyx"),
        ("https://fax.example.com", "https://fax.example.com/webhooks/telnyx/"),
        ("https://fax.example.com", "HTTPS://FAX.example.com:443/webhooks/telnyx"),
        ("https://fax.example.com:443", "https://fax.example.com/webhooks/telnyx"),
        ("http://fax.example.com:8080", "http://fax.example.com:8080/webhooks/telnyx"),
    ],
)
def test_one_address_may_be_spelt_in_several_ways(settings: Settings, public_url: str, url: str) -> None:
    settings.PUBLIC_URL = public_url
    assert leads_here(url)


def test_without_a_public_url_nothing_is_tried(settings: Settings) -> None:
    settings.PUBLIC_URL = ""
    assert probe(DOOR) == Probed("unknown", "PUBLIC_URL is not set, so there is no address to try.")
    assert not leads_here(DOOR)
