"""Telnyx lets only so much be read at a time: a run that never gets to the end of a slice makes its slices smaller."""

from __future__ import annotations

import pytest
from django.utils import timezone

from faxes.models import Fax
from sync import parts
from sync.hand import Hand
from sync.models import SyncRun
from sync.services import request_run
from telnyx_api import Client, RateLimited
from tests.sync.odd import Odd, serving

KEY = "KEY0123456789"


@pytest.mark.parametrize("order", ["newest", "shuffled"])
def test_a_run_that_is_stopped_again_and_again_comes_to_its_end(db: None, order: str) -> None:
    request_run(by=None, kind="full")
    with serving(Odd(order=order, largest_page=10, headers={"Retry-After": "60"})) as odd:
        odd.add(400, days=30)
        odd.fails = lambda asked: 429 if len(odd.asked) % 9 == 0 else 200
        times = 0
        while not _is_over(odd):
            times += 1
            assert times < 60, "It never ends."
    run = SyncRun.objects.get()
    assert Fax.objects.count() == run.counts["faxes"] == run.counts["faxes_new"] == 400


def _is_over(odd: Odd) -> bool:
    hand = Hand(SyncRun.objects.get())
    with Client(api_key=KEY, base_url=odd.url) as telnyx:
        try:
            parts.faxes(telnyx, hand)
        except RateLimited:
            hand.put_off(timezone.now())
            return False
    hand.end_part("faxes")
    return True
