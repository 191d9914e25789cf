"""Asks the sandbox to let a fax arrive, so that one sees what the portal makes of it."""

from __future__ import annotations

from typing import Any

import requests
from django.core.exceptions import ValidationError
from django.db import transaction

from accounts import access, audit
from accounts.models import Role, User
from applications.models import PhoneNumber
from faxes.sandbox import asking, sandbox_url


def simulate(*, by: User, to: PhoneNumber, sender: str, **how: Any) -> str:
    """Let a fax arrive at a number that the user manages. Returns Telnyx's id for it.

    `how` has the arguments of the sandbox's own door. Raises ValidationError with the sandbox's words, and where there
    is none that answers.
    """
    access.require(by, to.owner, at_least=Role.MANAGER)
    try:
        with asking() as ask:
            fax = ask("_sandbox/inbound", **how | {"to": to.phone_number, "from": sender})
    except requests.RequestException as error:
        raise ValidationError(_why(error)) from error
    with transaction.atomic():
        audit.record(audit.Entry("number.simulate", by=by, on=to, team=to.owner, data={"telnyx_id": fax["id"]}))
    return str(fax["id"])


def _why(error: requests.RequestException) -> str:
    if error.response is not None:
        try:
            return " ".join(problem["detail"] for problem in error.response.json()["errors"])
        except (ValueError, KeyError, TypeError):
            return f"The sandbox answered with the status {error.response.status_code}."
    return f"No sandbox answers at {sandbox_url()}. Start it with “python -m telnyx_sandbox”."
