"""The file that `make run` writes: complete, private, written once."""

from __future__ import annotations

import base64
import socket
import stat
from pathlib import Path

from faxportal.dev_env import is_taken, variables, write_once
from telnyx_sandbox.server import running


def test_the_sandbox_signs_with_the_key_that_the_portal_trusts() -> None:
    env = variables()
    with running(api_key=env["SANDBOX_API_KEY"], signing_seed=env["SANDBOX_SIGNING_SEED"]) as sandbox:
        assert sandbox.public_key == env["TELNYX_PUBLIC_KEY"]
    assert env["SANDBOX_API_KEY"] == env["TELNYX_API_KEY"]
    assert len(base64.b64decode(env["TELNYX_PUBLIC_KEY"])) == 32


def test_every_machine_has_its_own_keys() -> None:
    one, other = variables(), variables()
    for name in ("SECRET_KEY", "TELNYX_API_KEY", "SANDBOX_SIGNING_SEED"):
        assert one[name] != other[name]


def test_only_its_owner_may_read_the_file(tmp_path: Path) -> None:
    path = tmp_path / "var" / "dev.env"
    write_once(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(path.parent.iterdir()) == [path]
    assert "DEBUG=1\n" in path.read_text()


def test_a_taken_port_is_seen() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert is_taken("127.0.0.1", port)
    assert not is_taken("127.0.0.1", port)
