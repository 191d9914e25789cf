"""The forms of applications, filled in as a browser would."""

from __future__ import annotations

from typing import Any

from django.test import Client

from applications.models import FaxApplication


def body(response: Any) -> str:
    return str(response.content.decode())


def shown(client: Client, address: str) -> dict[str, Any]:
    """What the form at this address holds when it is opened, as it would be sent without a change."""
    form = client.get(address).context["form"]
    values = {field.html_name: field.value() for field in form}
    return {name: "" if value is None else value for name, value in values.items() if value is not False}


def edit_address(application: FaxApplication) -> str:
    return f"/applications/{application.pk}/edit/"


def edit(client: Client, application: FaxApplication, **typed: Any) -> Any:
    """Open the form, type, and save it."""
    address = edit_address(application)
    return client.post(address, shown(client, address) | typed)


def said(response: Any) -> list[str]:
    """What the page says at its top, after a redirect."""
    return [str(message) for message in response.context["messages"]]
