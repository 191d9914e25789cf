"""The sandbox as its users in the same process see it, and the threads that move it."""

import threading
import time
import traceback
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Any, NamedTuple

from telnyx_sandbox import deliveries, documents, lifecycle, numbers, seeds
from telnyx_sandbox.faults import Faults
from telnyx_sandbox.options import Options
from telnyx_sandbox.store import Due, Plan
from telnyx_sandbox.times import iso
from telnyx_sandbox.world import Deliver, Signed, World

WORKERS = 8
LONGEST_SLEEP = 0.5

# How an inbound fax makes itself known: by the event that Telnyx documents, by the one that other people have seen, or
# not at all, so that only the listing has it.
FLAVOURS = ("received", "delivered", "listed")


class Logged(NamedTuple):
    """One request; status 0 means that it got no answer."""

    method: str
    path: str
    status: int
    query: str


class Sandbox:
    """Telnyx in small.

    With `auto` it moves by itself, in threads. Without, it moves only in `advance()`, webhooks included, so that a
    test walks the time. `deliver` replaces the sending of webhooks; given a list, every signed webhook is put there
    (it is `pending_events`, too) and counts as delivered.
    """

    def __init__(
        self,
        *,
        api_key: str,
        signing_seed: bytes,
        state: str = ":memory:",
        webhook_url: str = "",
        speed: float = 1.0,
        clock: Callable[[], float] = time.time,
        auto: bool = True,
        deliver: Deliver | list[Signed] | None = None,
        seed: bool = True,
    ) -> None:
        self.pending_events: list[Signed] = deliver if isinstance(deliver, list) else []
        send = self._collect if isinstance(deliver, list) else deliver or deliveries.post
        self.world = World(state=state, api_key=api_key, signing_seed=signing_seed, clock=clock, deliver=send)
        self.world.options.speed = speed
        self.auto = auto
        self._log: deque[Logged] = deque(maxlen=10_000)
        self._busy: set[str] = set()
        self._pool = ThreadPoolExecutor(WORKERS, thread_name_prefix="sandbox")
        self._mover = threading.Thread(target=self._run, name="sandbox-clock")
        if seed and self.world.store.is_new:
            seeds.plant(self.world, webhook_url)

    def _collect(self, url: str, headers: Mapping[str, str], body: bytes, timeout: float) -> int:
        self.pending_events.append(Signed(url, headers, body))
        return 200

    def start(self) -> None:
        if self.auto:
            self._mover.start()

    def stop(self) -> None:
        """Ends all threads; what was under way is finished, what was due is kept for the next start."""
        self.world.stopping.set()
        self.world.changed.set()
        if self._mover.is_alive():
            self._mover.join()
        self._pool.shutdown(cancel_futures=True)
        self.world.store.close()

    # What users of the same process steer and see.

    @property
    def options(self) -> Options:
        return self.world.options

    @property
    def faults(self) -> Faults:
        return self.world.faults

    @property
    def requests(self) -> list[Logged]:
        """The latest 10,000 requests to /v2 and to media links, oldest first."""
        return list(self._log)

    @property
    def deliveries(self) -> list[dict[str, Any]]:
        """Every event on its way or at its end, oldest first, as GET /webhook_deliveries shows it."""
        return [deliveries.shown(self.world, delivery) for delivery in self.world.store.all_deliveries()]

    def log(self, logged: Logged) -> None:
        self._log.append(logged)

    def faxes(self) -> list[dict[str, Any]]:
        """The whole truth about every fax, in the order of acceptance, with `file`, the SHA-256 of its document."""
        return [{**fax.shown, "file": fax.plan.file} for fax in self.world.store.all_faxes()]

    def receive(
        self,
        *,
        to: str,
        from_: str = "+13125550199",
        pages: int = 1,
        file: bytes = b"",
        tiff: bool = False,
        fail: str | None = None,
        partial: bool = False,
        flavour: str = "received",
        ago: float = 0.0,
    ) -> dict[str, Any]:
        """Lets a fax arrive at one of our numbers: `file` as it is, or so many sample pages, as TIFF if asked for. With
        `fail` the call ends with that failure_reason, and `partial` keeps what had come until then. Its webhooks end
        with fax.`flavour`; “listed” sends none. With `ago` it came so many seconds ago and is over, and no webhook
        tells of it any more. Returns the new fax. Raises ValueError where nobody receives at `to`, for a file that is
        no document, and for an unknown flavour.
        """
        if flavour not in FLAVOURS:
            raise ValueError(f"flavour must be one of {', '.join(FLAVOURS)}, not {flavour!r}.")
        at = self.world.now() - ago
        draw = documents.sample_tiff if tiff else documents.sample
        kept = self.world.keep(file or draw(pages, f"{iso(at)}   {from_} -> {to}"))
        if not kept.pages:
            raise ValueError("The file is no document that could be faxed.")
        plan = Plan(
            file=kept.sha256,
            as_is=True,
            fails_in="media.processing" if fail and partial else "receiving" if fail else "",
            failure_reason=fail or "",
            partial=bool(fail and partial),
            flavour="fax.delivered" if flavour == "delivered" else "fax.received",
            webhooks="never" if ago or flavour == "listed" else "once",
        )
        with self.world.store.transaction():
            fax = lifecycle.receive(self.world, to=to, from_=from_, plan=plan, at=at)
            if fax is not None and ago:
                lifecycle.finish(self.world, fax)
        if fax is None:
            raise ValueError(f"No fax application receives on {to}.")
        self.world.changed.set()
        return fax.shown

    def add_number(self, phone_number: str, connection_id: str | None = None) -> dict[str, Any]:
        """A further phone number of this account, which the API itself cannot order."""
        number = numbers.blank(phone_number, connection_id, self.world.now())
        with self.world.store.transaction():
            self.world.store.put_object("phone_number", number["id"], number)
        return number

    def fill(self, count: int, days: float = 30.0, *, inbound_only: bool = False) -> None:
        """Gives the account a past of `count` faxes."""
        seeds.fill(self.world, count, days, inbound_only=inbound_only)

    # Time.

    def advance(self, seconds: float = 0.0) -> None:
        """Moves the time forward and does, in order, all that is due by then. With `auto` the threads do it."""
        target = self.world.now() + seconds
        if not self.auto:
            while (due := self._next()) and due.at <= target:
                self.world.move_to(due.at)
                self._carry_out(due)
        self.world.move_to(target)
        self.world.changed.set()

    def _next(self) -> Due | None:
        return next(iter(self.world.store.due(1)), None)

    def _carry_out(self, due: Due) -> None:
        if due.kind == "fax":
            lifecycle.move(self.world, due)
        else:
            deliveries.attempt(self.world, due)

    def _run(self) -> None:
        while not self.world.stopping.is_set():
            self.world.changed.wait(self._start_what_is_due())
            self.world.changed.clear()

    def _start_what_is_due(self) -> float:
        """Hands everything due to the workers. Returns the seconds until there may be more to do."""
        for due in self.world.store.due(len(self._busy) + 4 * WORKERS):
            if due.id in self._busy:
                continue
            if due.at > self.world.now():
                return min(LONGEST_SLEEP, due.at - self.world.now())
            self._busy.add(due.id)
            self._pool.submit(self._carry_out, due).add_done_callback(partial(self._done, due))
        return LONGEST_SLEEP

    def _done(self, due: Due, future: Future[None]) -> None:
        self._busy.discard(due.id)
        if not future.cancelled() and (error := future.exception()):
            traceback.print_exception(error)
        self.world.changed.set()
