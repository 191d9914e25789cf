"""`make run` calls this: writes var/dev.env once, and says so when another program has our ports.

    python -m faxportal.dev_env var/dev.env

Nothing in that file is worth a secret: it makes the portal and the sandbox of one machine trust each other.
"""

from __future__ import annotations

import base64
import os
import secrets
import socket
import sys
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

WEB = ("127.0.0.1", 8000)
SANDBOX = ("127.0.0.1", 8001)


def main(path: Path) -> int:
    for host, port in (WEB, SANDBOX):
        if is_taken(host, port):
            print(f"Port {port} is in use by another program. Stop that program, then run `make run` again.")
            return 1
    if not path.exists():
        write_once(path)
    return 0


def is_taken(host: str, port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((host, port)) == 0


def write_once(path: Path) -> None:
    """Write the file in one piece, readable by its owner only: a run that is interrupted leaves no half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = "".join(f"{name}={value}\n" for name, value in variables().items())
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    draft.touch(mode=0o600)
    draft.write_text(text)
    draft.rename(path)


def variables() -> dict[str, str]:
    """The environment of a development machine: DEBUG, and the sandbox in Telnyx's place with keys that fit."""
    web, sandbox = "{}:{}".format(*WEB), "{}:{}".format(*SANDBOX)
    api_key = f"KEY{secrets.token_hex(16)}"
    seed = secrets.token_bytes(32)
    public_key = Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()
    return {
        "DEBUG": "1",
        "SECRET_KEY": secrets.token_urlsafe(50),
        "PUBLIC_URL": f"http://{web}",
        "TELNYX_API_BASE": f"http://{sandbox}/v2",
        "TELNYX_API_KEY": api_key,
        "TELNYX_PUBLIC_KEY": base64.b64encode(public_key).decode(),
        "PRIVATE_HOSTS_ALLOWED": sandbox,
        "UNCERTAIN_SETTLE_SECONDS": "10",
        "EMAIL_URL": "consolemail://",
        "SANDBOX_API_KEY": api_key,
        "SANDBOX_SIGNING_SEED": base64.b64encode(seed).decode(),
        "SANDBOX_WEBHOOK_URL": f"http://{web}/webhooks/telnyx",
        "SANDBOX_STATE": "var/sandbox.sqlite3",
    }


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
