"""Sending: the submit step against a bare loop that makes the same calls to the same carrier with the same pages."""

from __future__ import annotations

import base64
import tempfile
import time
import uuid
from pathlib import Path
from typing import NamedTuple

import requests

from bench.servers import KEY, ROOT, environment, free_port, manage, running

FAXES = 150
FROM, TO = "+13125790015", "+1415555{:04}"
# A three-page letter in black and white has about this size.
PAGES = 60_000


class Measured(NamedTuple):
    ours: float
    floor: float
    wait: float


def measure() -> Measured:
    with tempfile.TemporaryDirectory() as name:
        folder, port = Path(name), free_port()
        env = environment(folder, TELNYX_API_BASE=f"http://127.0.0.1:{port}/v2", PYTHONPATH=str(ROOT))
        manage("set_up", "--verbosity", "0", env=env)
        carrier = ("-m", "telnyx_sandbox", "--port", str(port), "--state", ":memory:", "--speed", "0.01")
        with running(*carrier, env=env | {"SANDBOX_API_KEY": KEY}, port=port):
            manage("sync_telnyx", env=env)
            floor = FAXES / _bare(f"http://127.0.0.1:{port}/v2")
            took, wait = manage("shell", "--command", OURS, "--verbosity", "0", env=env).split()[-2:]
    return Measured(FAXES / float(took), floor, float(wait))


def _bare(base: str) -> float:
    """Seconds for uploading and sending so many faxes, one after the other, with a connection for each send."""
    pages = _pages()
    with requests.Session() as session:
        session.headers["Authorization"] = f"Bearer {KEY}"
        connection_id = session.get(f"{base}/fax_applications").json()["data"][0]["id"]
        began = time.perf_counter()
        for index in range(FAXES):
            token = uuid.uuid4().hex
            upload = {"media": (f"{token}.pdf", pages, "application/pdf")}
            session.post(f"{base}/media", data={"media_name": token}, files=upload).raise_for_status()
            body = {"connection_id": connection_id, "from": FROM, "to": TO.format(index), "media_name": token}
            body["client_state"] = base64.b64encode(token.encode()).decode()
            answer = requests.post(f"{base}/faxes", json=body, headers=dict(session.headers))
            answer.raise_for_status()
    return time.perf_counter() - began


def _pages() -> bytes:
    from tests.papers import text_pdf

    return text_pdf(pages=3)


OURS = f"""
import time
from accounts.models import Team
from applications.models import PhoneNumber
from faxes.models import Attempt
from faxes.steps import submit
from tests import builders
from tests.papers import text_pdf
team = Team.objects.create(name="Bench", slug="bench")
PhoneNumber.objects.update(team=team)
document = builders.document(text_pdf(pages=3), pages=3)
for index in range({FAXES}):
    builders.outbound(team, from_number="{FROM}", to_number="{TO}".format(5000 + index), document=document)
began = time.perf_counter()
count = submit.drain()
took = time.perf_counter() - began
assert count == {FAXES} == Attempt.objects.filter(state="accepted").count()
fax = builders.outbound(team, from_number="{FROM}", to_number="+14155559999", document=document)
submit.drain()
wait = (fax.attempts.get().started_at - fax.due_at).total_seconds()
print(took, wait)
"""
