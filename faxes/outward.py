"""The way out to addresses that come from elsewhere: nowhere private, no redirect, and an end in time."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import ExitStack
from ipaddress import ip_address
from urllib.parse import urlsplit

import requests
from django.conf import settings
from requests.adapters import BaseAdapter, HTTPAdapter
from requests_hardened import Config, HTTPSession

from faxes.cutoff import cut_off

# In seconds: for a connection, and for each single wait.
CONNECT_WITHIN, READ_WITHIN = 5.0, 15.0
# A connection is cut this much after the deadline: up to then the clock finds out, and says so.
GRACE = 1.0


class Outward(HTTPSession):  # type: ignore[misc]
    """Refuses private addresses, except for the pairs of host and port in PRIVATE_HOSTS_ALLOWED and in `also`.

    No answer takes longer than `deadline` seconds from now and some grace, however slowly it comes.
    """

    def __init__(self, deadline: float, *, also: Collection[str] = ()) -> None:
        waits = min(CONNECT_WITHIN, deadline), min(READ_WITHIN, deadline)
        private = {"ip_filter_enable": True, "ip_filter_allow_loopback_ips": False}
        super().__init__(Config(never_redirect=True, default_timeout=waits, **private))
        # Else a proxy named in the environment would do the connecting, wherever that leads.
        self.trust_env = False
        # Compressed, a body could be far larger than it looks.
        self.headers.update({"Accept-Encoding": "identity", "User-Agent": "faxportal"})
        self._also = also
        self._plain = HTTPAdapter()
        self._ends = ExitStack()
        self._ends.enter_context(cut_off([self._plain, *self.adapters.values()], deadline + GRACE))

    def get_adapter(self, url: str) -> BaseAdapter:
        pair = host_and_port(url)
        allowed = pair in settings.PRIVATE_HOSTS_ALLOWED or pair in self._also
        adapter: BaseAdapter = self._plain if allowed else super().get_adapter(url)
        return adapter

    def get_redirect_target(self, resp: requests.Response) -> None:
        """Never one: requests would read the whole body of a redirect before it tells us of it."""

    def close(self) -> None:
        super().close()
        self._plain.close()
        self._ends.close()


def host_and_port(url: str) -> str:
    """The pair as PRIVATE_HOSTS_ALLOWED has it. ValueError for a port that is none."""
    parts = urlsplit(url)
    port = parts.port or {"https": 443}.get(parts.scheme, 80)
    return f"{parts.hostname}:{port}"


def is_loopback(host: str) -> bool:
    """Does this host name or address mean the machine itself? Names are not looked up."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        address = ip_address(host)
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified
