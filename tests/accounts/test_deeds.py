"""What people change about their own keys is on record, or did not happen."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from django.db.models import F
from django.test import Client

from accounts import audit
from accounts.models import LogEntry, LogHead, User
from notifications.models import Mail
from tests.accounts.provider import Provider
from tests.accounts.second_factors import code_of, set_up_app
from tests.accounts.sign_on import LOGIN, back
from tests.accounts.test_addresses import CODE, EMAIL, code_to
from tests.conftest import PASSWORD

NEW = "four random words walk"


def fail() -> None:
    """From now on the house's log cannot be written: its next place is taken."""
    LogHead.objects.filter(chain=audit.HOUSE).update(sequence=F("sequence") - 1)


def mend() -> None:
    LogHead.objects.filter(chain=audit.HOUSE).update(sequence=F("sequence") + 1)


@pytest.fixture
def bobs(bob: User, provider: Provider) -> Client:
    client = Client()
    client.post("/accounts/login/", {"login": "bob", "password": PASSWORD})
    return client


def keys_of(user: User) -> dict[str, Any]:
    """Everything that opens this account."""
    return {
        "password": User.objects.values_list("password", flat=True).get(pk=user.pk),
        "email": User.objects.values_list("email", flat=True).get(pk=user.pk),
        "addresses": sorted(EmailAddress.objects.filter(user=user).values_list("email", "verified")),
        "factors": sorted(Authenticator.objects.filter(user=user).values_list("pk", "type", "data")),
        "sign-ons": sorted(SocialAccount.objects.filter(user=user).values_list("uid", flat=True)),
    }


Deed = Callable[[], Any]


def new_password(bobs: Client, bob: User, provider: Provider) -> Deed:
    form = {"oldpassword": PASSWORD, "password1": NEW, "password2": NEW}
    return lambda: bobs.post("/accounts/password/change/", form)


def forgotten_password(bobs: Client, bob: User, provider: Provider) -> Deed:
    bobs.post("/accounts/password/reset/", {"email": bob.email})
    link = next(word for word in Mail.objects.get().text.split() if "/password/reset/key/" in word)
    page = Client().get(link)["Location"]
    bobs.get(link)
    return lambda: bobs.post(page, {"password1": NEW, "password2": NEW})


def new_address(bobs: Client, bob: User, provider: Provider) -> Deed:
    bobs.post(EMAIL, {"email": "robert@new.example", "action_add": "1"})
    return lambda: bobs.post(CODE, {"code": code_to("robert@new.example")})


def app_comes(bobs: Client, bob: User, provider: Provider) -> Deed:
    bobs.get("/accounts/2fa/totp/activate/")
    secret = bobs.session["mfa.totp.secret"]
    return lambda: bobs.post("/accounts/2fa/totp/activate/", {"code": code_of(secret)})


def app_goes(bobs: Client, bob: User, provider: Provider) -> Deed:
    set_up_app(bob)
    return lambda: bobs.post("/accounts/2fa/totp/deactivate/")


def new_recovery_codes(bobs: Client, bob: User, provider: Provider) -> Deed:
    set_up_app(bob)
    return lambda: bobs.post("/accounts/2fa/recovery-codes/generate/")


def passkey_goes(bobs: Client, bob: User, provider: Provider) -> Deed:
    key = Authenticator.objects.create(user=bob, type="webauthn", data={"name": "Key", "credential": {}})
    return lambda: bobs.post(f"/accounts/2fa/webauthn/keys/{key.pk}/remove/")


def sign_on_comes(bobs: Client, bob: User, provider: Provider) -> Deed:
    provider.claims |= {"sub": "u-7", "auth_time": int(time.time())}
    address = str(bobs.post(f"{LOGIN}?process=connect")["Location"])
    return lambda: back(bobs, address)


def sign_on_goes(bobs: Client, bob: User, provider: Provider) -> Deed:
    row = SocialAccount.objects.create(user=bob, provider="oidc", uid="u-1")
    return lambda: bobs.post("/accounts/3rdparty/", {"account": row.pk})


DEEDS = {
    new_password: ["user.change_password"],
    forgotten_password: ["user.reset_password"],
    new_address: ["user.add_email", "user.change_email"],
    app_comes: ["second_factor.add", "second_factor.add"],
    app_goes: ["second_factor.remove", "second_factor.remove"],
    new_recovery_codes: ["second_factor.renew"],
    passkey_goes: ["second_factor.remove"],
    sign_on_comes: ["sign_on.connect"],
    sign_on_goes: ["sign_on.disconnect"],
}


@pytest.mark.parametrize("deed", DEEDS)
def test_it_is_on_record(bobs: Client, bob: User, provider: Provider, deed: Callable[..., Deed]) -> None:
    act, before = deed(bobs, bob, provider), LogEntry.objects.count()
    keys = keys_of(bob)
    assert act().status_code == 302
    assert keys_of(bob) != keys
    assert list(LogEntry.objects.order_by("sequence").values_list("action", flat=True))[before:] == DEEDS[deed]


@pytest.mark.parametrize("deed", DEEDS)
def test_where_the_log_cannot_be_written_it_did_not_happen(
    bobs: Client, bob: User, provider: Provider, deed: Callable[..., Deed]
) -> None:
    act, keys = deed(bobs, bob, provider), keys_of(bob)
    mails = Mail.objects.count()
    fail()
    answer = act()
    assert answer.status_code == 503 and "not" in answer.content.decode()
    assert keys_of(bob) == keys and Mail.objects.count() == mails
    mend()
    # Who was here still is.
    assert bobs.get("/accounts/me/").status_code == 200


def test_nor_does_anybody_log_in(bobs: Client) -> None:
    fail()
    client = Client()
    assert client.post("/accounts/login/", {"login": "bob", "password": PASSWORD}).status_code == 503
    assert "_auth_user_id" not in client.session


def test_who_connects_a_sign_on_proves_first_who_they_are(bobs: Client, bob: User, provider: Provider) -> None:
    session = bobs.session
    session["account_authentication_methods"] = []
    session.save()
    assert bobs.post(f"{LOGIN}?process=connect")["Location"].startswith("/accounts/reauthenticate/")
