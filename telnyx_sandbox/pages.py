"""The web page at /: what the sandbox holds, and a form that lets a fax arrive."""

from collections.abc import Iterable
from html import escape
from typing import Any

from telnyx_sandbox import control
from telnyx_sandbox.errors import Refusal
from telnyx_sandbox.messages import Request, Response
from telnyx_sandbox.sandbox import Sandbox
from telnyx_sandbox.scenarios import INBOUND_REASONS

SHOWN = 50
TOLD = {"received": "fax.received", "delivered": "fax.delivered", "listed": "no webhook, listing only"}
HEADERS = {
    "Content-Type": "text/html; charset=utf-8",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline';"
    " connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    "X-Content-Type-Options": "nosniff",
}

STYLE = """
:root {
  color-scheme: light dark;
  --line: color-mix(in srgb, CanvasText 16%, transparent);
  --good: light-dark(#0b7a5b, #46cfa2);
  --bad: light-dark(#b3261e, #ff8a80);
}
body { font: 14px/1.5 system-ui, sans-serif; max-width: 84rem; margin: 0 auto; padding: 1.5rem; }
h1 { font-size: 1.5rem; margin: 0; }
h2 { font-size: 1.05rem; margin: 2.2rem 0 .5rem; }
p { margin: .2rem 0 1rem; opacity: .75; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; white-space: nowrap; }
th, td { text-align: left; padding: .4rem 1.2rem .4rem 0; border-bottom: 1px solid var(--line); }
th { font-weight: 600; font-size: .8rem; opacity: .7; }
td { max-width: 22rem; overflow: hidden; text-overflow: ellipsis; }
.delivered, .received { color: var(--good); font-weight: 600; }
.failed { color: var(--bad); font-weight: 600; }
form {
  display: grid; grid-template-columns: repeat(auto-fill, minmax(15rem, 1fr)); gap: 1rem 1.2rem; align-items: end;
  padding: 1.2rem; border: 1px solid var(--line); border-radius: .6rem;
}
label { display: grid; gap: .25rem; font-size: .8rem; }
.tick { display: flex; align-items: center; gap: .5rem; height: 2.4rem; font-size: .9rem; }
.failed[role=alert] { opacity: 1; }
input, select, button { font: inherit; font-size: .9rem; border: 1px solid var(--line); border-radius: .4rem; }
input:not([type=checkbox]), select, button { width: 100%; height: 2.4rem; padding: .4rem .6rem; }
input, select, button { box-sizing: border-box; }
input, select { background: Field; color: FieldText; }
input[type=checkbox] { width: 1.05rem; height: 1.05rem; margin: 0; accent-color: #0b7a5b; }
button { background: #0b7a5b; border-color: #0b7a5b; color: #fff; font-weight: 600; cursor: pointer; }
button:hover { background: #086349; }
:focus-visible { outline: 2px solid var(--good); outline-offset: 2px; }
@media (max-width: 30rem) { body { padding: 1rem; } form { padding: 1rem; } }
"""

SCRIPT = """
let shown = "";
setInterval(async () => {
  const answer = await fetch("/?part=lists");
  const lists = await answer.text();
  if (answer.ok && lists !== shown) document.getElementById("lists").innerHTML = shown = lists;
}, 2000);
"""


def show(sandbox: Sandbox, request: Request) -> Response:
    """GET /, or only what changes with ?part=lists."""
    if request.parameter("part") != "lists":
        return _show(sandbox, 200)
    with sandbox.world.store.lock:
        return Response(200, _lists(sandbox).encode(), HEADERS)


def receive(sandbox: Sandbox, request: Request) -> Response:
    """POST /: the form. What is wrong with it is told above it."""
    try:
        control.receive_from(sandbox, request)
    except Refusal as refusal:
        return _show(sandbox, refusal.status, " ".join(problem.detail for problem in refusal.problems))
    return Response(303, headers={"Location": "/"})


def _show(sandbox: Sandbox, status: int, trouble: str = "") -> Response:
    with sandbox.world.store.lock:
        form = (f"<p class='failed' role='alert'>{escape(trouble)}</p>" if trouble else "") + _form(sandbox)
        page = _page(_lists(sandbox), form)
    return Response(status, page.encode(), HEADERS)


def _lists(sandbox: Sandbox) -> str:
    return _faxes(sandbox) + _applications(sandbox) + _deliveries(sandbox)


def _page(lists: str, form: str) -> str:
    return (
        "<!doctype html><html lang='en'><head><meta charset='utf-8'><title>Telnyx sandbox</title>"
        "<meta name='viewport' content='width=device-width, initial-scale=1'>"
        f"<style>{STYLE}</style></head><body><h1>Telnyx sandbox</h1>"
        "<p>A stand-in for Telnyx on this machine. Nothing leaves it.</p>"
        f"<h2>Let a fax arrive at the portal</h2>{form}<main id='lists'>{lists}</main>"
        f"<script>{SCRIPT}</script></body></html>"
    )


def _form(sandbox: Sandbox) -> str:
    numbers = sandbox.world.store.objects("phone_number")
    options = "".join(f"<option>{escape(number['phone_number'])}</option>" for number in numbers)
    reasons = "".join(f"<option>{reason}</option>" for reason in INBOUND_REASONS)
    flavours = "".join(f"<option value='{name}'>{words}</option>" for name, words in TOLD.items())
    return (
        "<form method='post' action='/' enctype='multipart/form-data'>"
        f"<label>To <select name='to'>{options}</select></label>"
        "<label>From <input name='from' value='+13125550199' required pattern='\\+[1-9][0-9]{6,14}'></label>"
        "<label>Sample pages <input name='pages' type='number' value='2' min='1' max='350'></label>"
        "<label class='tick'><input name='tiff' type='checkbox' value='true'> Draw them as a TIFF</label>"
        "<label>Or a file <input name='file' type='file' accept='.pdf,.tif,.tiff,.png,.jpg,.jpeg,.txt'></label>"
        f"<label>Ends with <select name='fail'><option value=''>All pages received</option>{reasons}</select></label>"
        "<label class='tick'><input name='partial' type='checkbox' value='true'> Keep pages before a failure</label>"
        f"<label>Told by <select name='flavour'>{flavours}</select></label>"
        "<button>Let it arrive</button></form>"
    )


def _table(title: str, heads: Iterable[str], rows: Iterable[Iterable[Any]], status: int) -> str:
    """A table of escaped texts; the column `status` is coloured by its word."""
    head = "".join(f"<th scope='col'>{escape(each)}</th>" for each in heads)
    body = "".join(f"<tr>{_cells(row, status)}</tr>" for row in rows)
    return (
        f"<h2>{title}</h2><div class='scroll'><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _cells(row: Iterable[Any], status: int) -> str:
    texts = ["" if value is None else escape(str(value)) for value in row]
    marks = (f" class='{text.split()[0]}'" if at == status and text else "" for at, text in enumerate(texts))
    return "".join(f"<td{mark}>{text}</td>" for mark, text in zip(marks, texts, strict=True))


def _faxes(sandbox: Sandbox) -> str:
    store = sandbox.world.store
    names = ("created_at", "direction", "from", "to", "status", "page_count", "failure_reason", "id", "client_state")
    found = store.list_faxes("1", [], SHOWN, 0)
    rows = ([fax.shown.get(name) for name in names] for fax in found)
    total = store.count_faxes("1", [])
    return _table(f"Faxes: {len(found)} of {total}", (name.replace("_", " ") for name in names), rows, 4)


def _applications(sandbox: Sandbox) -> str:
    store = sandbox.world.store
    numbers = store.objects("phone_number")
    rows = []
    for application in store.objects("fax_application"):
        own = [number["phone_number"] for number in numbers if number["connection_id"] == application["id"]]
        urls = [application["webhook_event_url"], application["webhook_event_failover_url"]]
        rows.append([application["application_name"], application["id"], ", ".join(own), *urls])
    return _table("Fax applications", ("name", "id", "numbers", "webhook", "failover"), rows, -1)


def _deliveries(sandbox: Sandbox) -> str:
    found = sandbox.world.store.list_deliveries("1", [], SHOWN, 0)
    rows = (
        [
            delivery.event["occurred_at"],
            delivery.event["event_type"],
            delivery.event["payload"]["fax_id"],
            f"{delivery.status} after {len(delivery.attempts)}" if delivery.attempts else delivery.status,
            delivery.attempts[-1]["http"]["request"]["url"] if delivery.attempts else delivery.urls[0],
        ]
        for delivery in found
    )
    return _table("Webhooks", ("occurred at", "event", "fax", "attempts", "to"), rows, 3)
