"""Single sign-on: who comes in as whom, with which seats, and who does not."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from allauth.account.models import EmailAddress
from allauth.socialaccount.models import SocialAccount
from django.core.exceptions import ValidationError
from django.test import Client
from pytest_django import Settings
from time_machine import travel

from accounts import invitations
from accounts.models import LogEntry, Membership, Role, Team, User
from accounts.services import remove_member, set_member
from notifications.models import Mail
from tests.accounts.provider import Provider
from tests.accounts.second_factors import code_of, set_up_app
from tests.accounts.sign_on import LOGIN, back, sign_on, to_provider, who
from tests.accounts.test_sessions import ELSEWHERE
from tests.conftest import PASSWORD


@pytest.fixture
def ann(db: None) -> User:
    return User.objects.create_user("ann", "ann@example.com", PASSWORD, first_name="Ann")


def seats(user: User) -> dict[str, str]:
    return dict(Membership.objects.filter(user=user).values_list("team__slug", "role"))


def test_the_log_in_page_offers_it_and_may_lead_there(client: Client, db: None, provider: Provider) -> None:
    page = client.get("/accounts/login/")
    assert "Sign in with Example ID" in page.content.decode()
    assert f"form-action 'self' {provider.url}" in page["Content-Security-Policy"].split("; ")


def test_where_there_is_none_nothing_of_it_is_there(client: Client, db: None) -> None:
    page = client.get("/accounts/login/")
    assert "oidc" not in page.content.decode()
    assert "form-action 'self'" in page["Content-Security-Policy"].split("; ")
    assert client.post(LOGIN).status_code == 404


def test_a_link_from_elsewhere_starts_nothing(client: Client, ann: User, provider: Provider) -> None:
    page = client.get(LOGIN)
    assert page.status_code == 200 and "Go on" in page.content.decode()
    assert provider.asked == {}


def test_it_asks_with_proof_and_nonce_for_what_was_configured(client: Client, ann: User, provider: Provider) -> None:
    address = to_provider(client, next="/faxes/sent/")
    asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
    assert asked["code_challenge_method"] == "S256" and len(asked["nonce"]) == 64
    assert set(asked["scope"].split()) == {"openid", "profile", "email"}
    again = parse_qs(urlsplit(to_provider(Client())).query)
    assert again["nonce"] != [asked["nonce"]] and again["state"] != [asked["state"]]


def test_nobody_says_what_it_asks_for_but_us(client: Client, ann: User, provider: Provider) -> None:
    query = "?scope=offline_access&auth_params=prompt%3Dnone%26redirect_uri%3Dhttps://evil.example/"
    asked = parse_qs(urlsplit(client.post(f"{LOGIN}{query}")["Location"]).query)
    assert "offline_access" not in asked["scope"][0]
    assert asked["redirect_uri"] == ["http://testserver/accounts/oidc/login/callback/"]


def test_it_comes_back_to_where_we_are_and_not_to_where_a_request_says(
    client: Client, ann: User, provider: Provider, settings: Settings
) -> None:
    settings.PUBLIC_URL = "https://fax.example.com"
    settings.ALLOWED_HOSTS = ["*"]
    answer = client.post(LOGIN, headers={"Host": "evil.example"})
    asked = parse_qs(urlsplit(answer["Location"]).query)
    assert asked["redirect_uri"] == ["https://fax.example.com/accounts/oidc/login/callback/"]


@pytest.mark.parametrize("address", ELSEWHERE)
def test_it_leads_nowhere_else(ann: User, provider: Provider, address: str) -> None:
    browser = Client()
    assert back(browser, str(browser.post(LOGIN, {"next": address})["Location"]))["Location"] == "/"
    other = Client()
    assert back(other, str(other.post(f"{LOGIN}?{urlencode({'next': address})}")["Location"]))["Location"] == "/"


def test_a_known_person_is_known_by_a_verified_address(client: Client, ann: User, provider: Provider) -> None:
    assert sign_on(client, next="/faxes/sent/")["Location"] == "/faxes/sent/"
    assert who(client) == str(ann.pk)
    ann.refresh_from_db()
    assert ann.check_password(PASSWORD)
    assert SocialAccount.objects.get().user == ann
    assert LogEntry.objects.filter(action="sign_on.connect").count() == 1


@pytest.mark.parametrize("address", ["ANN@Example.com", "ann@EXAMPLE.com"])
def test_however_the_address_is_written(client: Client, ann: User, provider: Provider, address: str) -> None:
    provider.claims["email"] = address
    sign_on(client)
    assert who(client) == str(ann.pk)


@pytest.mark.parametrize("address", ["ann@example.ſom", "ann@eſample.com", "ann@exampl\u212ae.com"])
def test_an_address_that_only_looks_the_same_is_another(
    client: Client, provider: Provider, db: None, address: str
) -> None:
    ours = address.replace("ſ", "s").replace("\u212a", "k")
    User.objects.create_user("ann", ours, PASSWORD)
    provider.claims["email"] = address
    sign_on(client)
    assert who(client) is None


@pytest.mark.parametrize("verified", [False, None, "false", "", 0, "yes", 1.5])
def test_an_address_that_is_not_verified_opens_nothing(
    client: Client, ann: User, provider: Provider, verified: Any
) -> None:
    provider.claims |= {"email_verified": verified, "groups": ["fax-desk"]}
    answer = sign_on(client)
    assert answer.status_code == 403 and "has an account already" in answer.content.decode()
    assert who(client) is None
    assert list(User.objects.all()) == [ann] and not SocialAccount.objects.exists()


def test_the_next_time_the_id_is_enough(client: Client, ann: User, provider: Provider) -> None:
    sign_on(client)
    provider.claims |= {"email": "married@example.com", "email_verified": False}
    other = Client()
    sign_on(other)
    assert who(other) == str(ann.pk)
    ann.refresh_from_db()
    assert ann.email == "ann@example.com"


def test_an_address_that_was_given_to_a_newcomer_opens_nothing(client: Client, ann: User, provider: Provider) -> None:
    sign_on(client)
    provider.claims["sub"] = "u-2"
    newcomer = Client()
    assert sign_on(newcomer).status_code == 403
    assert who(newcomer) is None


def test_no_provider_makes_itself_an_administrator(client: Client, root: User, provider: Provider) -> None:
    provider.claims |= {"email": "root@example.com", "groups": ["fax-leads"]}
    assert sign_on(client).status_code == 403
    assert who(client) is None


def test_an_administrator_connects_it_and_comes_in_by_it(root: User, provider: Provider) -> None:
    provider.claims["email"] = "root@example.com"
    browser = Client()
    browser.post("/accounts/login/", {"login": "root", "password": PASSWORD})
    assert back(browser, str(browser.post(f"{LOGIN}?process=connect")["Location"])).status_code == 302
    assert "Connected as root@example.com" in browser.get("/accounts/me/").content.decode()
    other = Client()
    sign_on(other)
    assert who(other) == str(root.pk)


def test_a_sign_on_of_somebody_else_is_not_connected(ann: User, bob: User, provider: Provider) -> None:
    sign_on(Client())
    browser = Client()
    browser.post("/accounts/login/", {"login": "bob", "password": PASSWORD})
    back(browser, str(browser.post(f"{LOGIN}?process=connect")["Location"]))
    assert SocialAccount.objects.get().user == ann
    assert who(browser) == str(bob.pk)


def test_a_closed_account_stays_closed(client: Client, ann: User, provider: Provider) -> None:
    User.objects.update(is_active=False)
    assert sign_on(client)["Location"] == "/accounts/inactive/"
    assert who(client) is None


def test_a_second_factor_is_asked_for_after_it(client: Client, ann: User, provider: Provider) -> None:
    set_up_app(ann)
    assert sign_on(client)["Location"] == "/accounts/2fa/authenticate/"
    assert who(client) is None


def test_the_providers_second_factor_counts_where_that_is_said(
    client: Client, ann: User, provider: Provider, settings: Settings
) -> None:
    settings.MFA_REQUIRED = True
    sign_on(client)
    assert client.get("/accounts/me/")["Location"] == "/accounts/2fa/"
    settings.OIDC_MFA = True
    assert client.get("/accounts/me/").status_code == 200
    local = Client()
    local.post("/accounts/login/", {"login": "ann", "password": PASSWORD})
    assert local.get("/accounts/me/")["Location"] == "/accounts/2fa/"


# Groups


def test_a_group_makes_an_account_with_its_seats(
    client: Client, team: Team, other_team: Team, provider: Provider
) -> None:
    provider.claims["groups"] = ["fax-desk", "CN=Audit,DC=example", "x", "other"]
    assert sign_on(client)["Location"] == "/"
    ann = User.objects.get()
    assert (ann.username, str(ann), ann.email) == ("ann", "Ann Novak", "ann@example.com")
    assert not (ann.is_superuser or ann.is_staff or ann.has_usable_password())
    assert seats(ann) == {"front-desk": "member", "records": "viewer"}
    assert EmailAddress.objects.get(user=ann).verified
    assert {"user.create", "member.set"} <= set(LogEntry.objects.values_list("action", flat=True))


@pytest.mark.parametrize("groups", [[], ["other"], ["x"], "other", None, {"fax-desk": 1}, [["fax-desk"]], 7])
def test_without_a_group_that_gives_a_seat_there_is_no_account(
    client: Client, team: Team, provider: Provider, groups: Any
) -> None:
    provider.claims["groups"] = groups
    assert "made by your administrator" in sign_on(client).content.decode()
    assert who(client) is None and not User.objects.exists()


def test_a_group_may_be_named_alone_or_by_userinfo(client: Client, team: Team, provider: Provider) -> None:
    del provider.claims["groups"]
    provider.userinfo = {"groups": "fax-desk"}
    sign_on(client)
    assert seats(User.objects.get()) == {"front-desk": "member"}


def test_what_is_signed_goes_before_what_userinfo_says(client: Client, team: Team, provider: Provider) -> None:
    provider.claims["groups"] = []
    provider.userinfo = {"groups": ["fax-leads"], "email": "root@example.com"}
    sign_on(client)
    assert not User.objects.exists()


def test_of_several_groups_the_highest_role_holds(client: Client, team: Team, provider: Provider) -> None:
    provider.claims["groups"] = ["fax-leads", "fax-desk"]
    sign_on(client)
    assert seats(User.objects.get()) == {"front-desk": "manager"}


def test_each_log_in_gives_and_takes(ann: User, team: Team, other_team: Team, provider: Provider) -> None:
    for groups, expected in (
        (["fax-desk"], {"front-desk": "member"}),
        (["fax-leads"], {"front-desk": "manager"}),
        (["CN=Audit,DC=example"], {"records": "viewer"}),
        ([], {}),
    ):
        provider.claims["groups"] = groups
        sign_on(Client())
        assert seats(ann) == expected
    removed = LogEntry.objects.filter(action="member.remove")
    assert {entry.data["user"] for entry in removed} == {"Ann"} and removed.count() == 2


def test_a_group_that_is_gone_ends_an_open_session_of_the_team(ann: User, team: Team, provider: Provider) -> None:
    provider.claims["groups"] = ["fax-desk"]
    browser = Client()
    sign_on(browser)
    assert browser.get("/faxes/new/").status_code == 200
    provider.claims["groups"] = []
    sign_on(Client())
    assert browser.get("/faxes/new/").status_code == 403


def test_what_was_given_by_hand_stays(ann: User, team: Team, other_team: Team, provider: Provider) -> None:
    set_member(by=None, team=team, user=ann, role=Role.VIEWER)
    set_member(by=None, team=other_team, user=ann, role=Role.MANAGER)
    provider.claims["groups"] = ["fax-leads"]
    sign_on(Client())
    assert seats(ann) == {"front-desk": "viewer", "records": "manager"}


def test_a_role_that_groups_give_is_not_changed_by_hand(
    ann: User, team: Team, provider: Provider, settings: Settings
) -> None:
    provider.claims["groups"] = ["fax-desk"]
    sign_on(Client())
    with pytest.raises(ValidationError, match="Example ID"):
        set_member(by=None, team=team, user=ann, role=Role.MANAGER)
    assert seats(ann) == {"front-desk": "member"}
    settings.OIDC_GROUPS = ""
    set_member(by=None, team=team, user=ann, role=Role.MANAGER)
    assert Membership.objects.get().source == ""


def test_a_seat_that_groups_give_ends_by_hand_until_the_next_log_in(ann: User, team: Team, provider: Provider) -> None:
    provider.claims["groups"] = ["fax-desk"]
    sign_on(Client())
    remove_member(by=None, team=team, user=ann)
    assert seats(ann) == {}
    sign_on(Client())
    assert seats(ann) == {"front-desk": "member"}


@pytest.fixture
def ann_of_a_group(ann: User, team: Team, provider: Provider) -> User:
    """Ann, whom a group made a manager; the group is gone since, and she did not sign in again."""
    provider.claims["groups"] = ["fax-leads"]
    sign_on(Client())
    provider.claims["groups"] = []
    return ann


def test_who_sits_by_a_group_comes_in_by_nothing_else(ann_of_a_group: User, client: Client) -> None:
    answer = client.post("/accounts/login/", {"login": "ann", "password": PASSWORD})
    assert answer.status_code == 403 and "Sign in with Example ID" in answer.content.decode()
    assert who(client) is None
    client.post("/accounts/password/reset/", {"email": "ann@example.com"})
    assert not Mail.objects.filter(text__contains="/password/reset/").exists()
    sign_on(client)
    assert who(client) == str(ann_of_a_group.pk) and seats(ann_of_a_group) == {}


def test_nor_by_a_second_factor_after_the_password(ann_of_a_group: User, client: Client) -> None:
    secret = set_up_app(ann_of_a_group)
    client.post("/accounts/login/", {"login": "ann", "password": PASSWORD})
    client.post("/accounts/2fa/authenticate/", {"code": code_of(secret)})
    assert who(client) is None


def test_without_groups_any_more_a_seat_is_like_any_other(
    ann_of_a_group: User, client: Client, settings: Settings
) -> None:
    settings.OIDC_GROUPS = ""
    client.post("/accounts/login/", {"login": "ann", "password": PASSWORD})
    assert who(client) == str(ann_of_a_group.pk)


def test_a_seat_by_hand_leaves_the_password(ann: User, team: Team, provider: Provider, client: Client) -> None:
    set_member(by=None, team=team, user=ann, role=Role.MANAGER)
    sign_on(Client())
    client.post("/accounts/login/", {"login": "ann", "password": PASSWORD})
    assert who(client) == str(ann.pk)


def test_names_are_text(client: Client, team: Team, provider: Provider) -> None:
    provider.claims |= {
        "groups": ["fax-desk"],
        "given_name": "<b>Ann\x00\n</b>",
        "family_name": "N" * 500,
        "preferred_username": "a\x00b c/<script>",
    }
    assert sign_on(client).status_code == 302
    page = client.get("/faxes/inbox/").content.decode()
    assert "<b>Ann" not in page and "&lt;b&gt;Ann" in page
    assert "\x00" not in User.objects.get().username


def test_a_name_that_is_taken_gets_another(client: Client, team: Team, provider: Provider) -> None:
    User.objects.create_user("ann", "other@example.com", PASSWORD)
    provider.claims["groups"] = ["fax-desk"]
    sign_on(client)
    assert User.objects.exclude(username="ann").get().email == "ann@example.com"


# Without local log-ins


@pytest.fixture
def sign_on_only(settings: Settings, provider: Provider) -> None:
    settings.LOCAL_LOGIN = False


def test_passwords_are_for_administrators_then(client: Client, ann: User, sign_on_only: None) -> None:
    page = client.get("/accounts/login/").content.decode()
    assert 'name="password"' not in page and "Administrators" in page
    answer = client.post("/accounts/login/", {"login": "ann", "password": PASSWORD})
    assert answer.status_code == 403 and "Sign in with Example ID" in answer.content.decode()
    assert who(client) is None
    sign_on(client)
    assert who(client) == str(ann.pk)


def test_forgotten_passwords_are_not_mailed_then(client: Client, ann: User, sign_on_only: None) -> None:
    client.post("/accounts/password/reset/", {"email": "ann@example.com"})
    assert not Mail.objects.exists()


def test_administrators_come_in_with_a_second_factor(client: Client, root: User, sign_on_only: None) -> None:
    assert 'name="password"' in client.get("/accounts/login/?local=1").content.decode()
    client.post("/accounts/login/", {"login": "root", "password": PASSWORD})
    assert client.get("/admin/")["Location"] == "/accounts/2fa/"
    set_up_app(root)
    assert client.get("/admin/").status_code == 200


def test_who_has_no_password_proves_it_at_the_provider(
    ann: User, sign_on_only: None, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = Client()
    sign_on(browser)
    assert browser.get("/accounts/2fa/totp/activate/").status_code == 200
    session = browser.session
    session["account_authentication_methods"] = [
        {**record, "at": 0} for record in session["account_authentication_methods"]
    ]
    session.save()
    assert browser.get("/accounts/2fa/totp/activate/")["Location"].startswith(LOGIN)
    asked = parse_qs(urlsplit(to_provider(browser)).query)
    assert asked["prompt"] == ["login"]


@pytest.fixture
def office(root: User, logged_in: Callable[[User], Client]) -> Client:
    return logged_in(root)


def test_an_invited_address_makes_an_account_too(
    client: Client, team: Team, alice: User, provider: Provider, settings: Settings
) -> None:
    settings.LOCAL_LOGIN = False
    _, token = invitations.invite(by=alice, team=team, email="ann@example.com", role="member")
    page = client.get(f"/invitations/{token}/").content.decode()
    assert 'name="password"' not in page
    assert sign_on(client, next=f"/invitations/{token}/")["Location"] == f"/invitations/{token}/"
    client.post(f"/invitations/{token}/")
    assert seats(User.objects.get(username="ann")) == {"front-desk": "member"}


def test_an_invited_address_that_is_not_verified_does_not(
    client: Client, team: Team, alice: User, provider: Provider
) -> None:
    invitations.invite(by=alice, team=team, email="ann@example.com", role="member")
    provider.claims["email_verified"] = False
    sign_on(client)
    assert who(client) is None and not User.objects.filter(username="ann").exists()


@pytest.mark.parametrize("path", ["password/set/", "2fa/totp/activate/", "2fa/webauthn/add/", "email/"])
def test_who_has_nothing_else_proves_it_there_before_keys_change(ann: User, provider: Provider, path: str) -> None:
    ann.set_unusable_password()
    ann.save()
    browser = Client()
    with travel("2026-11-05 09:00:00Z", tick=False) as clock:
        provider.lie = lambda claims: claims | {"iat": int(time.time()), "exp": int(time.time()) + 300}
        sign_on(browser)
        assert browser.get(f"/accounts/{path}").status_code == 200
        clock.shift(timedelta(minutes=11))
        for answer in (browser.get(f"/accounts/{path}"), browser.post(f"/accounts/{path}", {"password1": "x"})):
            assert answer["Location"].startswith(LOGIN)
        sign_on(browser)
        assert browser.get(f"/accounts/{path}").status_code == 200
