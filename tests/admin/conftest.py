from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from accounts.models import User


@pytest.fixture
def office(root: User, logged_in: Callable[[User], Client]) -> Client:
    """The browser of an administrator."""
    return logged_in(root)
