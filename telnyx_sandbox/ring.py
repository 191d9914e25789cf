"""`python -m telnyx_sandbox receive …`: asks a running sandbox to let faxes arrive."""

import argparse
import base64
import itertools
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import requests

from telnyx_sandbox.scenarios import INBOUND_REASONS
from telnyx_sandbox.seeds import APPLICATIONS

FLAVOURS = {
    "received": "ends with fax.received, as Telnyx documents it",
    "delivered": "ends with an inbound fax.delivered",
    "listed": "sends no webhooks: found by listing only",
}
# A body of the sandbox has at most 64 MB, and base64 takes a third more.
LARGEST_FILE = 47 * 1024 * 1024
# Seconds: millions of faxes take their time.
LONGEST_WAIT = 1200
NUMBER = next(iter(APPLICATIONS.values()))[1][0]


class Trouble(Exception):
    """Why something cannot be asked for, as a sentence for the terminal."""


def main(arguments: Sequence[str]) -> None:
    options = parser().parse_args(arguments)
    try:
        for fax in ring(options):
            print(f"{fax['id']}  {fax['from']} -> {fax['to']}", flush=True)
    except Trouble as trouble:
        raise SystemExit(str(trouble)) from trouble


def parser() -> argparse.ArgumentParser:
    port = os.environ.get("SANDBOX_PORT", "8001")
    told = "; ".join(f"{name} {what}" for name, what in FLAVOURS.items())
    parser = argparse.ArgumentParser(
        prog="python -m telnyx_sandbox receive", description="Let a fax arrive at a number of a running sandbox."
    )
    parser.add_argument("--to", default=NUMBER, help=f"a number of the account; {NUMBER} if not given")
    parser.add_argument("--from", dest="sender", default="+13125550199", help="who sends it")
    pages = parser.add_mutually_exclusive_group()
    pages.add_argument("--file", type=Path, help="the document that arrives, byte for byte: PDF or TIFF")
    pages.add_argument("--pages", type=int, default=1, help="so many sample pages, 1 to 350")
    parser.add_argument("--tiff", action="store_true", help="sample pages as a group 4 TIFF, as carriers send them")
    parser.add_argument("--failure", default="", help=f"the failure_reason it ends with: {', '.join(INBOUND_REASONS)}")
    parser.add_argument("--partial", action="store_true", help="keep the pages that came before the failure")
    parser.add_argument("--flavour", choices=FLAVOURS, default="received", help=told)
    parser.add_argument("--count", type=int, default=1, help="how many such faxes")
    parser.add_argument("--base-url", default=f"http://127.0.0.1:{port}", help="where the sandbox runs")
    return parser


def ring(options: argparse.Namespace) -> list[dict[str, Any]]:
    """Asks for the faxes and returns them. Raises Trouble for what cannot be, in a sentence."""
    if not 1 <= options.count <= 100_000:
        raise Trouble("--count must be from 1 to 100000.")
    return ask(options.base_url, "inbound", itertools.repeat(_wish(options), options.count))


def ask(base_url: str, what: str, wishes: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Posts each wish to /_sandbox/<what> of the sandbox at that address. Raises Trouble."""
    root = base_url.rstrip("/").removesuffix("/v2")
    with requests.Session() as session:
        session.trust_env = False
        return [_ask(session, root, what, wish) for wish in wishes]


def _wish(options: argparse.Namespace) -> dict[str, Any]:
    wish = {"to": options.to, "from": options.sender, "tiff": options.tiff, "flavour": options.flavour}
    wish |= {"fail": options.failure, "partial": options.partial}
    return wish | ({"file": _read(options.file)} if options.file else {"pages": options.pages})


def _read(path: Path) -> str:
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise Trouble(f"{path} is too large: the sandbox takes files of at most {LARGEST_FILE} bytes.")
        content = path.read_bytes()
    except OSError as error:
        raise Trouble(f"Cannot read {path}: {error.strerror}.") from error
    if not content:
        raise Trouble(f"{path} is empty.")
    return base64.b64encode(content).decode()


def _ask(session: requests.Session, root: str, what: str, wish: Mapping[str, Any]) -> dict[str, Any]:
    try:
        answer = session.post(f"{root}/_sandbox/{what}", json=wish, timeout=LONGEST_WAIT)
        said = answer.json()
        if answer.ok:
            made: dict[str, Any] = said["data"]
            return made
        raise Trouble(" ".join(problem["detail"] for problem in said["errors"]))
    except (requests.JSONDecodeError, KeyError, TypeError) as error:
        raise Trouble(f"What answers at {root} is no sandbox.") from error
    except requests.RequestException as error:
        raise Trouble(f"No sandbox answers at {root}. Start it with `python -m telnyx_sandbox`.") from error
