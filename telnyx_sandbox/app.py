"""From a request to an answer: routes, keys, faults."""

import re
from collections.abc import Callable
from typing import Final
from urllib.parse import urlsplit

from telnyx_sandbox import applications, control, deliveries, faxes, media, numbers, pages
from telnyx_sandbox.errors import Problem, Refusal, not_found
from telnyx_sandbox.faults import Fault
from telnyx_sandbox.messages import Request, Response, refused
from telnyx_sandbox.sandbox import Logged, Sandbox
from telnyx_sandbox.scenarios import scenario_for
from telnyx_sandbox.world import World

Routes = dict[str, dict[str, Callable[..., Response]]]

# A * stands for one part of the path, which the function gets as its last argument.
API: Final[Routes] = {
    "/v2/faxes": {"GET": faxes.list_faxes, "POST": faxes.send_fax},
    "/v2/faxes/*": {"GET": faxes.get_fax, "DELETE": faxes.delete_fax},
    "/v2/faxes/*/actions/cancel": {"POST": faxes.cancel_fax},
    "/v2/faxes/*/actions/refresh": {"POST": faxes.refresh_fax},
    "/v2/fax_applications": {"GET": applications.list_applications, "POST": applications.create_application},
    "/v2/fax_applications/*": {
        "GET": applications.get_application,
        "PATCH": applications.update_application,
        "DELETE": applications.delete_application,
    },
    "/v2/media": {"GET": media.list_media, "POST": media.upload_media},
    "/v2/media/*": {"GET": media.get_media, "PUT": media.update_media, "DELETE": media.delete_media},
    "/v2/media/*/download": {"GET": media.download_media},
    "/v2/phone_numbers": {"GET": numbers.list_numbers},
    "/v2/phone_numbers/*": {"GET": numbers.get_number, "PATCH": numbers.update_number},
    "/v2/webhook_deliveries": {"GET": deliveries.list_deliveries},
    "/v2/webhook_deliveries/*": {"GET": deliveries.get_delivery},
    "/v2/outbound_voice_profiles": {"GET": numbers.list_profiles},
    "/v2/outbound_voice_profiles/*": {"GET": numbers.get_profile},
}
LINKS: Final[Routes] = {"/_media/*": {"GET": media.open_link}}
HOUSE: Final[Routes] = {
    "/": {"GET": pages.show, "POST": pages.receive},
    "/_sandbox/faults": {"GET": control.list_faults, "POST": control.add_fault, "DELETE": control.clear_faults},
    "/_sandbox/options": {"POST": control.change_options},
    "/_sandbox/state": {"GET": control.state},
    "/_sandbox/inbound": {"POST": control.receive},
    "/_sandbox/advance": {"POST": control.advance},
    "/_sandbox/history": {"POST": control.fill},
    "/_sandbox/numbers": {"POST": control.add_number},
}


def answer(sandbox: Sandbox, request: Request) -> Response:
    """The answer to one request, faults included, noted in the sandbox's log."""
    try:
        if request.path == "/" or request.path.startswith("/_sandbox/"):
            return _house(sandbox, request)
        response = _outside(sandbox, request)
    except Refusal as refusal:
        response = refused(refusal)
    sandbox.log(Logged(request.method, request.path, response.status, request.query_string))
    return response


def _house(sandbox: Sandbox, request: Request) -> Response:
    """The page and the control API. A page of another site that a browser here has open must not reach them."""
    for name in ("host", "origin"):
        if not _is_here(request.headers.get(name, "localhost")):
            raise Refusal(403, Problem("10005", f"The {name} of this request is not this machine."))
    return _route(HOUSE, request, sandbox)


def _is_here(value: str) -> bool:
    try:
        host = urlsplit(value if "//" in value else f"//{value}").hostname or ""
    except ValueError:
        return False
    return bool(re.fullmatch(r"localhost|127(\.[0-9]{1,3}){3}", host))


def _outside(sandbox: Sandbox, request: Request) -> Response:
    world = sandbox.world
    world.pause(world.options.delay)
    fault = world.faults.take(request.method, request.path) or _scenario_fault(world, request)
    if fault is None:
        return _serve(world, request)
    if fault.action == "delay" and not fault.after:
        world.pause(fault.seconds)
        return _serve(world, request)
    return fault.spoil(_serve(world, request) if fault.after else None)


def _serve(world: World, request: Request) -> Response:
    try:
        if request.path.startswith("/v2/"):
            if not _has_key(world, request):
                raise Refusal(401, Problem("10009", "Could not understand the provided credentials."))
            return _route(API, request, world)
        return _route(LINKS, request, world)
    except Refusal as refusal:
        return refused(refusal)


def _has_key(world: World, request: Request) -> bool:
    return bool(request.headers.get("authorization", "") == f"Bearer {world.api_key}")


def _scenario_fault(world: World, request: Request) -> Fault | None:
    if (request.method, request.path) != ("POST", "/v2/faxes") or not _has_key(world, request):
        return None
    return scenario_for(str(request.form.values.get("to"))).fault


def _route(routes: Routes, request: Request, first: World | Sandbox) -> Response:
    for pattern, methods in routes.items():
        if match := _matches(pattern, request.path):
            if request.method not in methods:
                raise Refusal(405, Problem("10030", "The URL is valid, but the method is not allowed."))
            return methods[request.method](first, request, *match.groups())
    raise not_found()


def _matches(pattern: str, path: str) -> re.Match[str] | None:
    return re.fullmatch(pattern.replace("*", "([^/]+)"), path)
