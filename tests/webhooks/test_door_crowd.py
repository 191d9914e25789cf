"""The same event, delivered by many at the same moment, is one row and no failure."""

from __future__ import annotations

import pytest

from tests.threads import at_once
from tests.webhooks.telnyx import Telnyx, event
from webhooks.models import Delivery


@pytest.mark.django_db(transaction=True)
def test_duplicates_in_a_crowd_are_one_row(telnyx: Telnyx) -> None:
    bodies = [event(), event()]
    calls = [lambda body=body: telnyx.post(body).status_code for body in bodies * 6]
    assert at_once(*calls) == [200] * 12
    rows = Delivery.objects.values_list("repeats", "state")
    assert sorted(rows) == [(5, "pending"), (5, "pending")]
