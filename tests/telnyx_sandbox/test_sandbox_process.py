"""`python -m telnyx_sandbox` as make runs it."""

import base64
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from telnyx_sandbox.__main__ import parser
from telnyx_sandbox.server import running
from tests.processes import environment, finished, free_port
from tests.telnyx_sandbox.helpers import OURS, outside, until

SEED = base64.b64encode(b"s" * 32).decode()


@contextmanager
def process(tmp_path: Path, port: int, webhook_url: str) -> Iterator[subprocess.Popen[bytes]]:
    env = environment(
        SANDBOX_PORT=str(port),
        SANDBOX_STATE=str(tmp_path / "state.sqlite"),
        SANDBOX_API_KEY="KEY-of-the-process",
        SANDBOX_SIGNING_SEED=SEED,
        SANDBOX_WEBHOOK_URL=webhook_url,
        PYTHONWARNINGS="error",
    )
    command = [sys.executable, "-m", "telnyx_sandbox", "--speed", "50"]
    with (tmp_path / "log").open("ab") as log, subprocess.Popen(command, env=env, stdout=log, stderr=log) as running:
        try:
            yield running
        finally:
            running.kill()


@pytest.mark.process
def test_it_serves_keeps_its_state_and_stops_cleanly(tmp_path: Path) -> None:
    port = free_port()
    root = f"http://127.0.0.1:{port}"
    headers = {"Authorization": "Bearer KEY-of-the-process"}

    def arrived() -> bool:
        return len(portal.received) == 3 * (faxes + 1)

    def answers() -> bool:
        try:
            return requests.get(f"{root}/v2/faxes", headers=headers, timeout=5).ok
        except requests.ConnectionError:
            return False

    with outside() as portal:
        for stop, faxes in ((signal.SIGTERM, 0), (signal.SIGINT, 1)):
            with process(tmp_path, port, f"{portal.root}/hook") as sandbox:
                until(answers, 20)
                listed = requests.get(f"{root}/v2/faxes", headers=headers, timeout=5).json()
                assert listed["meta"]["total_results"] == faxes
                requests.post(f"{root}/_sandbox/inbound", json={"to": OURS}, timeout=5)
                until(arrived)
                sandbox.send_signal(stop)
                assert sandbox.wait(10) == 0
    log = (tmp_path / "log").read_text()
    with running(signing_seed=SEED) as same:
        assert f"public key {same.public_key}\n" in log
    assert "GET /v2/faxes 200" in log
    assert "KEY-of-the-process" not in log and "Traceback" not in log


@pytest.mark.parametrize(
    "arguments",
    [
        ["--host", "0.0.0.0"],
        ["--host", "192.168.1.1"],
        ["--host", "example.org"],
        ["--host", "::1"],
        ["--speed", "0"],
        ["--speed", "fast"],
        ["--port", "high"],
    ],
)
def test_it_refuses_arguments_that_make_no_sense(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parser().parse_args(arguments)
    assert f"argument {arguments[0]}: " in capsys.readouterr().err


@pytest.mark.parametrize(("host", "address"), [("localhost", "127.0.0.1"), ("127.0.0.2", "127.0.0.2")])
def test_it_listens_on_this_machine(host: str, address: str) -> None:
    assert parser().parse_args(["--host", host]).host == address


@pytest.mark.process
@pytest.mark.parametrize(
    ("env", "text"),
    [
        ({"SANDBOX_SIGNING_SEED": "short"}, "SANDBOX_SIGNING_SEED: The signing seed must be base64"),
        ({"SANDBOX_STATE": "/nowhere/state.sqlite"}, "Cannot keep the state in /nowhere/state.sqlite"),
    ],
)
def test_it_says_what_is_wrong_with_its_environment(env: dict[str, str], text: str) -> None:
    ended = finished("-m", "telnyx_sandbox", env=environment(**env))
    assert ended.returncode != 0
    assert text in ended.stdout and "Traceback" not in ended.stdout


@pytest.mark.process
def test_it_says_when_the_port_is_taken() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        ended = finished("-m", "telnyx_sandbox", "--port", str(port), env=environment())
        with pytest.raises(OSError, match="in use"), running(port=port):
            pass
    assert ended.returncode != 0
    assert f"127.0.0.1:{port}" in ended.stdout and "Traceback" not in ended.stdout
