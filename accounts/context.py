"""What every page needs to know about who looks at it."""

from __future__ import annotations

import base64
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.crypto import salted_hmac

from accounts import middleware
from accounts.models import User
from accounts.sign_in.local import SINCE


def person(request: HttpRequest) -> dict[str, Any]:
    """Is the page `in_shell`, with the rail beside it? And for the script that says when a session ends: how many
    seconds that is away, since when it lasts, and the key under which it keeps what was typed.

    A page that has to do without a database, such as that for errors of ours, is never in the shell.
    """
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return {}
    if is_held(request, user):
        return {"held": True}
    return {
        "in_shell": True,
        "idle_left": max(0, int(middleware.seconds_left(request))),
        "idle_since": int(request.session.get(SINCE, 0)),
        "keep_key": keep_key(user),
    }


def is_held(request: HttpRequest, user: User) -> bool:
    """Does this person need a second factor first? Found out here where there was no view to ask for."""
    if not hasattr(request, "held"):
        request.held = middleware.lacks_second_factor(request, user)  # type: ignore[attr-defined]
    return bool(getattr(request, "held", False))


def keep_key(user: User) -> str:
    """What a person has typed and not sent is kept in the browser's tab, sealed with this: only they, logged in again,
    get it back. 32 bytes in base64."""
    digest = salted_hmac("accounts.kept words", str(user.pk), secret=settings.SECRET_KEY, algorithm="sha256").digest()
    return base64.b64encode(digest).decode()
