"""`python -m telnyx_sandbox fill …`: gives a running sandbox a long past."""

import argparse
import os
from collections.abc import Sequence

from telnyx_sandbox.ring import Trouble, ask

MOST = 10_000_000


def main(arguments: Sequence[str]) -> None:
    options = parser().parse_args(arguments)
    try:
        fill(options)
    except Trouble as trouble:
        raise SystemExit(str(trouble)) from trouble
    print(f"{options.count} faxes of the last {options.days:g} days are listed there now.")


def parser() -> argparse.ArgumentParser:
    port = os.environ.get("SANDBOX_PORT", "8001")
    parser = argparse.ArgumentParser(
        prog="python -m telnyx_sandbox fill",
        description="Give a running sandbox faxes that ended long ago: listed, and told by no webhook.",
    )
    parser.add_argument("--count", type=int, default=100_000, help="how many, half of them received; 100000")
    parser.add_argument("--days", type=float, default=30.0, help="spread evenly over so many days until now; 30")
    parser.add_argument("--inbound-only", action="store_true", help="received ones alone")
    parser.add_argument("--base-url", default=f"http://127.0.0.1:{port}", help="where the sandbox runs")
    return parser


def fill(options: argparse.Namespace) -> None:
    """Raises Trouble for what cannot be, in a sentence."""
    if not 1 <= options.count <= MOST:
        raise Trouble(f"--count must be from 1 to {MOST}.")
    wish = {"count": options.count, "days": options.days, "inbound_only": options.inbound_only}
    ask(options.base_url, "history", [wish])
