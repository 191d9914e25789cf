"""What Telnyx has, for tests: the truth behind its answers, and changes that somebody makes in its own console."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from applications.models import FaxApplication
from telnyx_sandbox.server import Server
from tests.processes import wait_for
from tests.threads import at_once

KIND = "fax_application"


def truth(sandbox: Server, application: FaxApplication) -> dict[str, Any]:
    """The application as Telnyx has it, with what it never shows."""
    found = sandbox.sandbox.world.store.object(KIND, str(application.telnyx_id))
    assert found is not None
    return found


def named(sandbox: Server, name: str) -> list[dict[str, Any]]:
    """All applications of this name at Telnyx."""
    return [each for each in sandbox.sandbox.world.store.objects(KIND) if each["application_name"] == name]


def change_at_telnyx(sandbox: Server, telnyx_id: str | None, **fields: Any) -> None:
    store = sandbox.sandbox.world.store
    found = store.object(KIND, str(telnyx_id))
    assert found is not None
    store.put_object(KIND, str(telnyx_id), found | fields)


def add_at_telnyx(sandbox: Server, telnyx_id: str, **fields: Any) -> None:
    """An application that somebody made by other means, like the first one but for these fields."""
    store = sandbox.sandbox.world.store
    store.put_object(KIND, telnyx_id, store.objects(KIND)[0] | {"id": telnyx_id} | fields)


def remove_at_telnyx(sandbox: Server, telnyx_id: str | None) -> None:
    sandbox.sandbox.world.store.remove_object(KIND, str(telnyx_id))


def calls(sandbox: Server, method: str) -> int:
    """How many requests of this method Telnyx got for applications."""
    asked = sandbox.sandbox.requests
    return sum(each.method == method and each.path.startswith("/v2/fax_applications") for each in asked)


def while_telnyx_thinks(
    sandbox: Server,
    method: str,
    path: str,
    call: Callable[[], object],
    meanwhile: Callable[[], object],
    *,
    after: bool = False,
) -> None:
    """`call` asks Telnyx, which takes a while over the first such request, and `meanwhile` happens before it answers;
    `after` Telnyx has done it, or looked."""
    sandbox.sandbox.faults.add(method=method, path=path, action="delay", seconds=1, after=after)

    def once_asked() -> object:
        wait_for(lambda: not sandbox.sandbox.faults.as_json(), what="the question")
        return meanwhile()

    at_once(call, once_asked)
