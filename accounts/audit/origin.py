"""From where somebody asks, so that it need not be handed through every function. The worker asks from nowhere."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from ipaddress import IPv6Address, ip_address
from typing import NamedTuple

from django.conf import settings
from django.http import HttpRequest

from accounts.audit.plain import one_line

MOST_AGENT = 200

_request: ContextVar[HttpRequest | None] = ContextVar("the request that is being answered", default=None)


class Origin(NamedTuple):
    """An IP address, and what the browser calls itself, cut short. Either may be empty."""

    address: str = ""
    agent: str = ""


@contextmanager
def asked_by(request: HttpRequest) -> Iterator[None]:
    """Within this block what goes on record comes from where the request does."""
    token = _request.set(request)
    try:
        yield
    finally:
        _request.reset(token)


def origin() -> Origin:
    request = _request.get()
    if request is None:
        return Origin()
    return Origin(address_of(request), one_line(request.headers.get("User-Agent", ""), MOST_AGENT))


def address_of(request: HttpRequest) -> str:
    """The client's address; that which the outermost of our own proxies saw, where there are any.

    What stands further left in X-Forwarded-For is said by the client, who may say anything.
    """
    proxies: int = settings.ALLAUTH_TRUSTED_PROXY_COUNT
    said = request.headers.get("X-Forwarded-For", "").split(",")
    word = said[-proxies] if 0 < proxies <= len(said) and any(said) else request.META.get("REMOTE_ADDR", "")
    return _address(word.strip()) or _address(word.strip().rpartition(":")[0].strip("[]"))


def _address(word: str) -> str:
    """As it is usually written, without the name of an interface; empty for what is none."""
    try:
        address = ip_address(word.partition("%")[0])
    except ValueError:
        return ""
    inner = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return str(inner or address)
