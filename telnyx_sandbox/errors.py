"""How Telnyx says no: https://developers.telnyx.com/development/api-fundamentals/api-errors/index"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

TITLES = {
    "10003": "Invalid URL",
    "10004": "Missing required parameter",
    "10005": "Resource not found",
    "10007": "Unexpected error",
    "10009": "Authentication failed",
    "10011": "Too many requests",
    "10012": "Duplicate resource",
    "10014": "Unsupported Media Type",
    "10015": "Bad Request",
    "10016": "Phone number must be in +E.164 format",
    "10017": "Associated resource does not exist",
    "10019": "Invalid email address",
    "10021": "Resource in use",
    "10025": "String length out of range",
    "10026": "Invalid parameter type",
    "10027": "Unprocessable Entity",
    "10030": "Method not allowed",
    "10031": "Invalid request filter",
    "10032": "Invalid enumerated value",
    "10033": "Value outside of range",
    "10036": "Resource is being processed",
    "10037": "Service unavailable",
    "20100": "Insufficient Funds",
    "90017": "Invalid value for client_state",
    "90080": "Cannot issue a command on fax in the current state.",
    "90081": "Cannot issue command for inbound fax.",
}


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with a request: `pointer` names a field of the body, `parameter` one of the query."""

    code: str
    detail: str
    pointer: str = ""
    parameter: str = ""

    def as_json(self) -> dict[str, Any]:
        source = {key: value for key, value in (("pointer", self.pointer), ("parameter", self.parameter)) if value}
        return {
            "code": self.code,
            "title": TITLES[self.code],
            "detail": self.detail,
            **({"source": source} if source else {}),
            "meta": {"url": f"https://developers.telnyx.com/docs/overview/errors/{self.code}"},
        }


class Refusal(Exception):
    """Raised anywhere below the router; becomes an answer with Telnyx's error body."""

    def __init__(self, status: int, *problems: Problem, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(status, *problems)
        self.status = status
        self.problems = problems
        self.headers = dict(headers or {})

    @property
    def body(self) -> bytes:
        return json.dumps({"errors": [problem.as_json() for problem in self.problems]}).encode()


def not_found(what: str = "The requested resource or URL could not be found.") -> Refusal:
    return Refusal(404, Problem("10005", what))


def malformed(detail: str, parameter: str = "") -> Refusal:
    return Refusal(400, Problem("10015", detail, pointer="" if parameter else "/", parameter=parameter))


def unprocessable(detail: str, pointer: str = "", code: str = "10027") -> Refusal:
    return Refusal(422, Problem(code, detail, pointer=pointer))
