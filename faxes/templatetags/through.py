"""For pages that stand left of faxes and show how many there are."""

from __future__ import annotations

from django import template

from faxes.through import faxes_through

register = template.Library()

register.simple_tag(faxes_through)
