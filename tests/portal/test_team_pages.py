"""The pages of a team: managers look after people and policies, everybody on it may look, strangers find nothing."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.core import mail
from django.core.exceptions import ValidationError
from django.test import Client
from pytest_django import Settings

from accounts import invitations
from accounts.models import Invitation, LogEntry, Membership, Role, Team, User
from applications.models import PhoneNumber
from notifications.models import Mail
from notifications.steps import mail as mail_step
from tests import builders
from tests.conftest import PASSWORD
from tests.filled import fields_of
from tests.sheets import NEW, Sheet, text_of

pytestmark = pytest.mark.django_db

LoggedIn = Callable[[User], Client]
HERE = "/teams/front-desk/"
DANA = "dana@clinic.example"


@pytest.fixture
def manager(alice: User, logged_in: LoggedIn) -> Client:
    return logged_in(alice)


def says(answer: Any) -> str:
    """What the page says in the end, where a POST leads to one."""
    return text_of(answer)


def seat(user: User) -> Membership:
    return Membership.objects.get(user=user)


def link_in_mail() -> str:
    """The path of the link in the only e-mail there is."""
    mail_step.drain()
    (message,) = mail.outbox
    found = re.search(r"http://localhost:9(/invitations/\S+)", str(message.body))
    assert found is not None
    return found[1]


def invite(client: Client, email: str = DANA, role: str = "member") -> Any:
    return client.post(f"{HERE}invite/", {"email": email, "role": role}, follow=True)


def test_everybody_on_the_team_sees_who_is_on_it(bob: User, alice: User, vera: User, logged_in: LoggedIn) -> None:
    page = logged_in(vera).get(HERE)
    assert "3 people" in text_of(page) and "bob@example.com" in text_of(page)
    assert "Invite somebody" not in text_of(page) and b"/role/" not in page.content


def test_an_invitation_goes_by_mail_and_makes_an_account(manager: Client, team: Team) -> None:
    assert "dana@clinic.example gets an e-mail" in says(invite(manager))
    link = link_in_mail()
    assert mail.outbox[0].to == [DANA]
    stranger = Client()
    assert "Alice has invited dana@clinic.example" in text_of(stranger.get(link))
    page = stranger.post(link, {"name": "Dana Reyes", "password": "nine green bottles"}, follow=True)
    assert page.redirect_chain[-1][0] == HERE and "Welcome to Front desk" in text_of(page)
    assert Membership.objects.get(user__email=DANA).role == Role.MEMBER
    assert "This invitation is over" in text_of(stranger.get(link)) and stranger.get(link).status_code == 404


def test_who_has_an_account_signs_in_and_accepts(manager: Client, team: Team, charlie: User) -> None:
    invite(manager, charlie.email)
    link = link_in_mail()
    browser = Client()
    assert "Sign in to accept" in text_of(browser.get(link))
    browser.post("/accounts/login/", {"login": "charlie", "password": PASSWORD})
    assert Membership.objects.filter(user=charlie, team=team).count() == 0
    assert "Welcome to Front desk" in text_of(browser.post(link, follow=True))
    assert Membership.objects.filter(user=charlie, team=team).exists()


def test_somebody_else_cannot_use_the_link(manager: Client, charlie: User, logged_in: LoggedIn) -> None:
    invite(manager)
    link, browser = link_in_mail(), logged_in(charlie)
    assert "that address is not yours" in text_of(browser.get(link))
    assert "is for dana@clinic.example" in text_of(browser.post(link, follow=True))
    assert charlie.memberships.count() == 1


def test_an_account_is_not_tried_for_without_end(manager: Client) -> None:
    invite(manager)
    link, stranger = link_in_mail(), Client()
    tries = [stranger.post(link, {"name": "Dana", "password": "short"}).status_code for _ in range(21)]
    assert tries == [200] * 20 + [429]
    assert stranger.get(link).status_code == 200


def test_the_name_that_a_new_account_gets_is_said(manager: Client) -> None:
    User.objects.create_user("Dana", "other@clinic.example")
    invite(manager)
    link = link_in_mail()
    assert "Your user name will be “dana2”" in text_of(Client().get(link))
    Client().post(link, {"name": "Dana Reyes", "password": "nine green bottles"})
    assert User.objects.get(email=DANA).username == "dana2"


def test_who_has_no_account_where_passwords_are_off_is_told_so(manager: Client, settings: Settings) -> None:
    settings.LOCAL_LOGIN, settings.OIDC_NAME = False, "Example ID"
    invite(manager)
    text = text_of(Client().get(link_in_mail()))
    assert "Sign in by Example ID" in text and "has an account already" not in text


def test_two_clicks_at_once_are_told(manager: Client, team: Team) -> None:
    invite(manager)
    link, form = link_in_mail(), {"name": "Dana Reyes", "password": "nine green bottles"}
    found = invitations.find(link.split("/")[2])
    assert found is not None
    Client().post(link, form)
    with pytest.raises(ValidationError, match="has been used"):
        invitations.accept_as_new(invitation=found, **form)


def test_a_weak_password_keeps_the_name_that_was_typed(manager: Client) -> None:
    invite(manager)
    page = Client().post(link_in_mail(), {"name": "Dana Reyes", "password": "password12"})
    assert "too common" in text_of(page) and b"Dana Reyes" in page.content
    assert not User.objects.filter(email=DANA).exists()


def test_a_new_account_gets_a_new_session(manager: Client) -> None:
    invite(manager)
    browser = Client()
    browser.get("/accounts/login/")
    session = browser.session
    session["planted"] = True
    session.save()
    planted = session.session_key
    browser.cookies["sessionid"] = str(planted)
    browser.post(link_in_mail(), {"name": "Dana", "password": "nine green bottles"})
    assert browser.session.session_key != planted


def test_a_mistyped_address_stays_to_be_mended(manager: Client) -> None:
    page = invite(manager, "dana@clinic")
    assert "valid email address" in text_of(page) and b'value="dana@clinic"' in page.content
    assert not Invitation.objects.exists() and not Mail.objects.exists()


def test_what_is_taken_back_is_not_even_sent(manager: Client) -> None:
    invite(manager)
    invitation = Invitation.objects.get()
    page = manager.post(f"{HERE}invitations/{invitation.pk}/revoke/", follow=True)
    assert "is taken back" in says(page)
    mail_step.drain()
    assert mail.outbox == []


def test_a_name_cannot_write_the_invitation(manager: Client, team: Team, alice: User) -> None:
    """Neither a header nor a line of its own."""
    Team.objects.update(name="Front\r\nBcc: eve@example.com\r\n\r\nClick http://evil.example")
    User.objects.filter(pk=alice.pk).update(first_name="Al\nice", last_name="")
    invite(manager)
    link_in_mail()
    message = mail.outbox[0]
    assert "\n" not in str(message.subject) and message.bcc == []
    assert "“Front Bcc: eve@example.com Click http://evil.example”" in str(message.body)
    assert str(message.body).count("http://localhost:9") == 1


def test_a_host_that_the_sender_chose_is_not_in_the_link(
    alice: User, logged_in: LoggedIn, settings: Settings, team: Team
) -> None:
    settings.ALLOWED_HOSTS = ["*"]
    client = logged_in(alice)
    client.post(f"{HERE}invite/", {"email": DANA, "role": "member"}, headers={"host": "evil.example"})
    assert link_in_mail() and "evil" not in str(mail.outbox[0].body)


def test_a_manager_changes_a_role_and_removes_somebody(manager: Client, bob: User, logged_in: LoggedIn) -> None:
    page = manager.post(f"{HERE}members/{seat(bob).pk}/role/", {"role": "viewer"}, follow=True)
    assert "Bob is a viewer now" in says(page)
    browser = logged_in(bob)
    assert browser.get(HERE).status_code == 200
    assert "Bob is not on Front desk any more" in says(
        manager.post(f"{HERE}members/{seat(bob).pk}/remove/", follow=True)
    )
    assert browser.get(HERE).status_code == 404
    assert LogEntry.objects.filter(action="member.remove", actor_name="Alice").exists()


def test_who_leaves_sees_their_other_teams(manager: Client, alice: User, bob: User) -> None:
    manager.post(f"{HERE}members/{seat(bob).pk}/role/", {"role": "manager"})
    page = manager.post(f"{HERE}members/{seat(alice).pk}/remove/", follow=True)
    assert page.redirect_chain[-1][0] == "/teams/" and "You are on no team yet" in text_of(page)


def test_the_last_manager_stays(manager: Client, alice: User) -> None:
    assert "only manager" in says(manager.post(f"{HERE}members/{seat(alice).pk}/remove/", follow=True))
    assert seat(alice).role == Role.MANAGER


def test_a_seat_of_another_team_is_not_theirs_to_change(manager: Client, charlie: User) -> None:
    for act in ("role", "remove"):
        assert manager.post(f"{HERE}members/{seat(charlie).pk}/{act}/", {"role": "viewer"}).status_code == 404
    assert seat(charlie).role == Role.MANAGER


def test_policies_hold_and_are_logged(manager: Client, team: Team) -> None:
    builders.number(team)
    form = {
        "keep_media_days": "90",
        "keep_records_days": "",
        "deleting_role": "manager",
        "default_number": builders.OURS,
        "default_quality": "very_high",
        "particulars": "on",
        "mail_domains": "Clinic.example, @law.example",
    }
    assert "The policies are saved" in says(manager.post(f"{HERE}policies/", form, follow=True))
    team.refresh_from_db()
    assert (team.keep_media_days, team.keep_records_days, team.phi_free_mail) == (90, None, False)
    assert team.mail_domains == "clinic.example\nlaw.example"
    assert {"team.set_policy", "team.set_retention"} <= set(LogEntry.objects.values_list("action", flat=True))


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({"mail_domains": "ann@clinic.example"}, "is no domain"),
        ({"mail_domains": "<script>"}, "is no domain"),
        ({"keep_media_days": "0"}, "greater than or equal to 1"),
        ({"keep_media_days": "90", "keep_records_days": "30"}, "at most 30"),
        ({"deleting_role": "king"}, "not one of the available choices"),
        ({"default_number": "+19005550100"}, "not one of the available choices"),
    ],
)
def test_a_policy_that_cannot_be_is_told_and_nothing_saved(
    manager: Client, team: Team, said: dict[str, str], told: str
) -> None:
    form = {"deleting_role": "manager", **said}
    assert told in text_of(manager.post(f"{HERE}policies/", form))
    team.refresh_from_db()
    assert team.deleting_role == Role.MEMBER and team.keep_media_days is None


def policies_of(client: Client) -> dict[str, str]:
    """What a browser would send from the page as it is."""
    page: Any = client.get(f"{HERE}policies/")
    return fields_of(page, page.context["form"])


def test_an_old_page_brings_nothing_back(manager: Client, team: Team) -> None:
    """Only what somebody changed is saved; what others changed meanwhile stays."""
    Team.objects.update(keep_records_days=400, mail_domains="a.example\nb.example")
    form = policies_of(manager)
    Team.objects.update(phi_free_mail=False, keep_records_days=500, deleting_role=Role.MANAGER)
    form["keep_media_days"] = "90"
    assert "The policies are saved" in says(manager.post(f"{HERE}policies/", form, follow=True))
    team.refresh_from_db()
    assert (team.keep_media_days, team.keep_records_days, team.phi_free_mail) == (90, 500, False)
    assert (team.deleting_role, team.mail_domains) == (Role.MANAGER, "a.example\nb.example")
    changed = [entry.data["after"] for entry in LogEntry.objects.filter(action__startswith="team.set")]
    assert changed == [{"keep_media_days": 90, "keep_records_days": 500}]


def test_a_policy_is_taken_back_by_an_empty_field(manager: Client, team: Team) -> None:
    Team.objects.update(keep_media_days=90, phi_free_mail=False)
    form = policies_of(manager)
    form["keep_media_days"] = ""
    del form["particulars"]
    manager.post(f"{HERE}policies/", form)
    team.refresh_from_db()
    assert (team.keep_media_days, team.phi_free_mail) == (None, True)


def test_members_read_the_policies_and_change_none(bob: User, logged_in: LoggedIn, team: Team) -> None:
    page = logged_in(bob).get(f"{HERE}policies/")
    assert b"<fieldset disabled>" in page.content and "Save policies" not in text_of(page)
    assert logged_in(bob).post(f"{HERE}policies/", {"deleting_role": "manager"}).status_code == 403


def test_where_managers_alone_delete_a_member_is_told(bob: User, alice: User, team: Team, logged_in: LoggedIn) -> None:
    fax = builders.inbound(team, status="received")
    Team.objects.update(deleting_role=Role.MANAGER)
    client = logged_in(bob)
    assert b"/trash/" not in client.get(f"/faxes/{fax.pk}/").content
    answer = client.post(f"/faxes/{fax.pk}/trash/", follow=True)
    assert "managers alone put faxes into the bin" in text_of(answer)
    logged_in(alice).post(f"/faxes/{fax.pk}/trash/")
    fax.refresh_from_db()
    assert fax.trashed_at is not None


def test_a_new_fax_begins_as_the_team_wants(bob: User, team: Team, logged_in: LoggedIn) -> None:
    first = builders.number(team, "+13125790010")
    second = builders.number(team, "+13125790020")
    client = logged_in(bob)
    assert _chosen(client) == (str(first.pk), "high")
    Team.objects.update(default_number=second.phone_number, default_quality="very_high")
    assert _chosen(client) == (str(second.pk), "very_high")
    # A number that is gone, and a quality that nobody knows, keep nobody from sending.
    Team.objects.update(default_number="+19005550100", default_quality="psychedelic")
    assert _chosen(client)[0] == str(first.pk)
    sheet = Sheet(client, first)
    sheet.upload()
    assert sheet.send(quality="high").status_code == 302


def _chosen(client: Client) -> tuple[str, str]:
    page = client.get(NEW).content.decode()
    found = re.findall(r'<option value="([^"]+)"\s+selected', page)
    return found[0], found[1] if len(found) > 1 else ""


def test_lines_tell_what_a_number_is_attached_to(bob: User, team: Team, logged_in: LoggedIn) -> None:
    application = builders.application(team, application_name="Referral desk")
    builders.number(team, label="Referrals", connection_id=application.telnyx_id)
    builders.number(None, "+13125790099", connection_id=application.telnyx_id)
    builders.number(team, "+13125790098", connection_id="")
    text = text_of(logged_in(bob).get(f"{HERE}lines/"))
    assert "through Referral desk" in text and "comes with its application" in text
    assert "it neither sends nor receives" in text
    PhoneNumber.objects.all().delete()
    assert "no number yet" in text_of(logged_in(bob).get(f"{HERE}lines/"))


def test_an_administrator_is_told_that_they_act_as_one(
    root: User, alice: User, team: Team, logged_in: LoggedIn
) -> None:
    banner = "You are not on this team"
    assert banner in text_of(logged_in(root).get(HERE))
    assert banner not in text_of(logged_in(alice).get(HERE))
    Membership.objects.create(user=root, team=team, role=Role.VIEWER)
    assert banner not in text_of(logged_in(root).get(HERE))


def test_administrators_make_teams_and_nobody_else(root: User, alice: User, logged_in: LoggedIn) -> None:
    page = logged_in(root).post("/teams/", {"name": "Town hall"}, follow=True)
    assert page.redirect_chain[-1][0] == "/teams/town-hall/"
    assert "at least one letter" in text_of(logged_in(root).post("/teams/", {"name": "!!"}))
    assert logged_in(alice).post("/teams/", {"name": "Mine"}).status_code == 403


def test_a_team_of_any_name_has_its_pages(root: User, logged_in: LoggedIn) -> None:
    page = logged_in(root).post("/teams/", {"name": "Switch"}, follow=True)
    assert page.status_code == 200 and page.redirect_chain[-1][0] == "/teams/switch/"


def test_one_looks_at_one_team_or_at_all(bob: User, other_team: Team, team: Team, logged_in: LoggedIn) -> None:
    client = logged_in(bob)
    assert "All my teams" not in text_of(client.get("/faxes/inbox/"))
    Membership.objects.create(user=bob, team=other_team, role=Role.MEMBER)
    builders.inbound(team, from_number="+14155550101")
    builders.inbound(other_team, from_number="+14155550102")
    assert "All my teams" in text_of(client.get("/faxes/inbox/"))
    answer = client.post("/switch-team/", {"team": "records", "next": "/faxes/inbox/?show=all"})
    assert answer["Location"] == "/faxes/inbox/?team=records"
    text = text_of(client.get("/faxes/inbox/?team=records"))
    assert "415 555 0102" in text and "415 555 0101" not in text
    # The rail leads to that team's faxes from every page.
    assert b'href="/faxes/sent/?team=records"' in client.get("/faxes/inbox/").content
    client.post("/switch-team/", {"team": "", "next": "/faxes/sent/"})
    assert b'href="/faxes/sent/"' in client.get("/faxes/inbox/").content


@pytest.mark.parametrize("back", ["https://evil.example/", "//evil.example", "javascript:alert(1)", ""])
def test_switching_leads_nowhere_else(bob: User, logged_in: LoggedIn, back: str) -> None:
    assert logged_in(bob).post("/switch-team/", {"team": "nowhere", "next": back})["Location"] == "/faxes/inbox/"
