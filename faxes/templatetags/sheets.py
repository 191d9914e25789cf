"""The sheets of a fax as its pages are laid out on a screen."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from django import template
from django.urls import reverse

from faxes.models import Fax
from faxes.pictures import turn_of

register = template.Library()


class Sheet(NamedTuple):
    """A page, from 1, and where its picture is. `turned` sets its address apart from that of the page as it came, for
    a browser that still shows that one; the view needs no telling."""

    number: int
    address: str
    turned: int

    @property
    def is_sideways(self) -> bool:
        return self.turned in (90, 270)


@register.simple_tag
def sheets_of(fax: Fax, numbers: Iterable[int]) -> list[Sheet]:
    address = reverse("faxes:page", args=[fax.pk, 0])
    return [Sheet(number, address.replace("/0.png", f"/{number}.png"), turn_of(fax, number)) for number in numbers]
