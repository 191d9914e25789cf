"""Numbers and times as people read them."""

from __future__ import annotations

import re
from datetime import datetime

from django import template
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from contacts.numbers import format_number
from faxes.wording import pages

register = template.Library()

NUMBER = re.compile(r"\+[1-9][0-9]{6,14}\b")

register.filter("pages", pages)


@register.filter
def phone(number: object) -> str:
    """A number as people read it. What Telnyx sent in its place may be anything."""
    return format_number(str(number or ""))


@register.filter
def with_numbers(text: object) -> str:
    """The text with the numbers in it as people read them."""
    return NUMBER.sub(lambda found: format_number(found[0]), str(text or ""))


@register.simple_tag
def age(moment: datetime) -> SafeString:
    """How long ago it was, such as “46 minutes”, which a script keeps true."""
    moment = moment.astimezone(timezone.get_current_timezone())
    return format_html(
        '<time datetime="{}" data-as="age" title="{}">{}</time>',
        moment.isoformat(timespec="milliseconds"),
        _in_full(moment),
        _age((timezone.now() - moment).total_seconds()),
    )


def _age(seconds: float) -> str:
    minutes = max(0, int(seconds // 60))
    if minutes < 1:
        return "less than a minute"
    number, unit = (minutes, "minute") if minutes < 60 else (minutes // 60, "hour")
    if number >= 48 and unit == "hour":
        number, unit = number // 24, "day"
    return f"{number} {unit}{'' if number == 1 else 's'}"


def _in_full(moment: datetime) -> str:
    return f"{moment:%A, %B} {moment.day}, {moment:%Y, %H:%M:%S} {moment:%Z}"


@register.simple_tag
def when(moment: datetime, form: str = "short") -> SafeString:
    """A time in the person's zone, or in UTC where they chose none and a script says it in that of their browser:
    “short” for lists, “moment” with the time of day, “exact” with seconds too, “countdown” for how long it is until
    then."""
    moment = moment.astimezone(timezone.get_current_timezone())
    clock = "%H:%M:%S" if form in ("exact", "countdown") else "%H:%M"
    return format_html(
        '<time datetime="{}" data-as="{}" title="{}">{}{} {}</time>',
        moment.isoformat(timespec="milliseconds"),
        form,
        _in_full(moment),
        "at " if form == "countdown" else "",
        f"{moment:%b} {moment.day}, {moment:{clock}}",
        f"{moment:%Z}",
    )
