"""`python -m telnyx_sandbox`: serves until SIGTERM or SIGINT. With `receive` or `fill` it asks the one that runs."""

import argparse
import ipaddress
import os
import secrets
import signal
import sqlite3
import sys
import threading
from types import FrameType

from telnyx_sandbox import past, ring
from telnyx_sandbox.server import running


def loopback(host: str) -> str:
    """The host, if it is this machine alone: what comes in here needs little permission."""
    if host == "localhost":
        return "127.0.0.1"
    try:
        if ipaddress.IPv4Address(host).is_loopback:
            return host
    except ValueError:
        pass
    raise argparse.ArgumentTypeError(f"{host} is not a loopback address; the sandbox listens on this machine alone")


def positive(text: str) -> float:
    value = float(text)
    if not 0.001 <= value <= 1_000_000:
        raise argparse.ArgumentTypeError(f"{text} is not from 0.001 to 1000000")
    return value


def parser() -> argparse.ArgumentParser:
    env = os.environ
    parser = argparse.ArgumentParser(prog="python -m telnyx_sandbox", description="A stand-in for Telnyx's fax API.")
    parser.epilog = "With `receive --help` and `fill --help` it tells how to let faxes arrive at one that runs."
    parser.add_argument("--host", default="127.0.0.1", type=loopback)
    parser.add_argument("--port", default=env.get("SANDBOX_PORT", "8001"), type=int)
    parser.add_argument("--state", default=env.get("SANDBOX_STATE", ":memory:"), help="SQLite file, or :memory:")
    parser.add_argument("--speed", default=1.0, type=positive, help="divides every waiting time")
    return parser


def main() -> None:
    commands = {"receive": ring.main, "fill": past.main}
    if command := commands.get("".join(sys.argv[1:2])):
        command(sys.argv[2:])
    else:
        serve()


def serve() -> None:
    options = parser().parse_args()
    key = os.environ.get("SANDBOX_API_KEY") or f"KEY{secrets.token_hex(16)}"
    stop = threading.Event()

    def end(number: int, frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    try:
        serving = running(
            api_key=key,
            signing_seed=os.environ.get("SANDBOX_SIGNING_SEED"),
            state=options.state,
            webhook_url=os.environ.get("SANDBOX_WEBHOOK_URL", ""),
            speed=options.speed,
            host=options.host,
            port=options.port,
            report=lambda line: print(line, flush=True),
        )
        with serving as server:
            print(f"Telnyx sandbox: {server.url} with its page at {server.root}/", flush=True)
            print(f"public key {server.public_key}", flush=True)
            if "SANDBOX_API_KEY" not in os.environ:
                print(f"API key {key}", flush=True)
            stop.wait()
    except ValueError as error:
        raise SystemExit(f"SANDBOX_SIGNING_SEED: {error}") from error
    except sqlite3.Error as error:
        raise SystemExit(f"Cannot keep the state in {options.state}: {error}") from error
    except OSError as error:
        raise SystemExit(f"Cannot listen on {options.host}:{options.port}: {error.strerror}") from error


if __name__ == "__main__":
    main()
