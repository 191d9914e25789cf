"""The door for Telnyx's webhooks: verify, keep, answer. What an event means is `webhooks.steps`' business, later."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from csp.decorators import csp_exempt
from django.http import HttpResponse
from django.views.decorators.http import require_POST
from rest_framework.exceptions import APIException
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request
from rest_framework.views import APIView

from wake import wake
from webhooks.authentication import OurProbe, TelnyxSignature
from webhooks.models import Delivery
from webhooks.probe import HEADER


class NoNegotiation(BaseContentNegotiation):
    """The answer is the same whatever the caller accepts, and the body is taken whatever it calls itself."""

    def select_parser(self, request: Request, parsers: Any) -> None:
        return None

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        renderer = next(iter(renderers))
        return renderer, renderer.media_type


class Door(APIView):
    """Answers 200 once the event is stored, and never before; 403 or 413 with an empty body, and nothing is stored.
    Our own probe gets 204.

    Only status 200 counts as success with Telnyx everywhere, and a redirect loses the event:
    https://developers.telnyx.com/docs/programmable-fax/receiving-webhooks
    """

    authentication_classes = [OurProbe, TelnyxSignature]
    permission_classes = []
    parser_classes = []
    renderer_classes = [JSONRenderer]
    content_negotiation_class = NoNegotiation

    def post(self, request: Request) -> HttpResponse:
        if isinstance(request.auth, str):
            return HttpResponse(status=204, headers={HEADER: request.auth})
        assert isinstance(request.auth, bytes)
        Delivery.objects.record(request.auth)
        wake("process")
        return HttpResponse(b"{}", content_type="application/json")

    def get_exception_handler(self) -> Any:
        return _refusal


def _refusal(error: Exception, context: Mapping[str, Any]) -> HttpResponse | None:
    return HttpResponse(status=error.status_code) if isinstance(error, APIException) else None


# Outside of the view, because a view authenticates before it looks at the method. A browser's policy on an answer to a
# machine would cost an eighth of the whole request.
door = csp_exempt()(require_POST(Door.as_view()))
