"""How far our clock is from Telnyx's is learned from what Telnyx answers anyway."""

from email.utils import formatdate
from time import time

import pytest

from telnyx_api import NotFound, NotSent
from tests.telnyx_api.scripted import Reply, client_of, closed_port, ok, refused, serving


def dated(date: str) -> Reply:
    return Reply(document={"data": {}}, headers={"Date": date})


@pytest.mark.parametrize("ahead", [0, 30, -400, 86_400])
def test_the_skew_is_that_of_the_last_answer(ahead: int) -> None:
    told = formatdate(time() - ahead, usegmt=True)
    with serving(dated(formatdate(0, usegmt=True)), dated(told)) as server, client_of(server) as telnyx:
        assert telnyx.clock_skew is None
        telnyx.get_fax("f1")
        telnyx.get_fax("f1")
        assert telnyx.clock_skew == pytest.approx(ahead, abs=3)


def test_a_refusal_tells_the_time_too() -> None:
    reply = refused(404, "10005", "No such fax.", Date=formatdate(time() - 90, usegmt=True))
    with serving(reply) as server, client_of(server) as telnyx:
        with pytest.raises(NotFound):
            telnyx.get_fax("f1")
        assert telnyx.clock_skew == pytest.approx(90, abs=3)


UNREADABLE = ["", "yesterday", "Mon, 99 Foo 2026 25:00:00 GMT", "é", "0", "Mon, 01 Jan 99999 00:00:00 GMT", "x" * 9000]


@pytest.mark.parametrize("date", UNREADABLE)
def test_a_time_that_cannot_be_read_is_none_and_breaks_nothing(date: str) -> None:
    with serving(dated(date)) as server, client_of(server) as telnyx:
        telnyx.get_fax("f1")
        assert telnyx.clock_skew is None


def test_who_says_no_time_and_who_says_nothing() -> None:
    with serving(ok({"id": "f1"})) as server, client_of(server) as telnyx:
        telnyx.get_fax("f1")
        assert telnyx.clock_skew is None
    with client_of(server, base_url=f"http://127.0.0.1:{closed_port()}/v2", attempts=1) as telnyx:
        with pytest.raises(NotSent):
            telnyx.get_fax("f1")
        assert telnyx.clock_skew is None
