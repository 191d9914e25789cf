"""What Telnyx has, on the command line, for who doubts what is here."""

from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from applications.models import FaxApplication, PhoneNumber
from faxes.models import Fax
from sync.services import sync_recent
from telnyx_sandbox.server import Server
from tests.applications.telnyx import change_at_telnyx

pytestmark = pytest.mark.django_db


def said(*arguments: str) -> list[str]:
    out = StringIO()
    call_command(*arguments, stdout=out)
    return out.getvalue().splitlines()


def test_applications_are_printed_with_what_is_here(sandbox: Server, front_desk: FaxApplication) -> None:
    change_at_telnyx(sandbox, front_desk.telnyx_id, application_name="Back\x1b[2J desk\nnew", active=False)
    FaxApplication.objects.filter(application_name="Records").delete()
    [desk, records, end] = said("list_telnyx_applications", "--sort", "application_name")
    assert desk.startswith(f"{front_desk.telnyx_id}  Back [2J desk new  not active  voice profile 22")
    assert desk.endswith("  here as Front desk")
    assert "  Records  active" in records and records.endswith("  not here")
    assert end == "2 listed, 1 of them not here."
    assert FaxApplication.objects.get().application_name == "Front desk"


def test_filters_and_order_are_telnyxs_own(sandbox: Server, front_desk: FaxApplication) -> None:
    names = [line.split("  ")[1] for line in said("list_telnyx_applications", "--sort=-application_name")[:-1]]
    assert names == ["Records", "Front desk"]
    assert said("list_telnyx_applications", "--name", "front")[1:] == ["1 listed, all of them here."]
    assert said("list_telnyx_applications", "--voice-profile", "7") == ["Telnyx lists nothing like that."]
    FaxApplication.objects.filter(pk=front_desk.pk).update(gone_at="2026-11-01T00:00Z")
    assert said("list_telnyx_applications", "--name", "front")[0].endswith("here as gone")


def test_faxes_are_printed_with_what_is_here(sandbox: Server, line: PhoneNumber) -> None:
    known = sandbox.sandbox.receive(to=line.phone_number)
    sandbox.sandbox.advance(60)
    assert not sync_recent().error
    sandbox.sandbox.receive(to=line.phone_number)
    sandbox.sandbox.advance(60)
    lines = said("list_telnyx_faxes", "--direction", "inbound", "--to", line.phone_number)
    assert lines[-1] == "2 listed, 1 of them not here."
    [mine] = [one for one in lines if one.endswith("here as received")]
    assert f"→ {line.phone_number}  received" in mine
    assert Fax.objects.count() == 1 and known
    assert said("list_telnyx_faxes", "--until", "2020-01-01") == ["Telnyx lists nothing like that."]


def test_long_lists_are_asked_for_page_by_page(sandbox: Server) -> None:
    sandbox.sandbox.fill(600, days=3)
    assert said("list_telnyx_faxes")[-1] == "600 listed, 600 of them not here."


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("list_telnyx_faxes", "--since", "soon"), "“soon” is no time"),
        (("list_telnyx_faxes", "--until", "2026-13-01"), "“2026-13-01” is no time"),
        (("list_telnyx_applications", "--name", "ab"), "at least three"),
        (("list_telnyx_applications", "--sort", "team"), "invalid choice"),
    ],
)
def test_what_cannot_be_asked_is_told(sandbox: Server, arguments: tuple[str, ...], told: str) -> None:
    with pytest.raises(CommandError, match=told):
        said(*arguments)


def test_a_list_that_breaks_off_says_so(sandbox: Server) -> None:
    sandbox.sandbox.fill(300, days=3)
    sandbox.sandbox.faults.add(method="GET", path="*", action="delay", seconds=0)
    sandbox.sandbox.faults.add(method="GET", path="*", action="garbage", times=None)
    with pytest.raises(CommandError, match="could not be asked for all of it"):
        said("list_telnyx_faxes")


def test_without_a_key_nothing_is_asked(sandbox: Server, settings: Settings) -> None:
    settings.TELNYX_API_KEY = ""
    with pytest.raises(CommandError, match="could not be asked"):
        said("list_telnyx_applications")
