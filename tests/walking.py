"""The portal walked from link to link, as somebody's browser sees it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import urljoin, urlsplit

from django.test import Client

LINK = re.compile(r'(?:href|src|hx-get|action)="([^"#]+)"')
# What differs from look to look: the tokens of forms, for how long one may be idle, and how long ago something was.
TOKEN = re.compile(
    r'name="(?:csrfmiddlewaretoken|batch)" value="[^"]*"|\?draft=[0-9a-f-]+|data-(?:left|since)="\d+"'
    r'|(?<=data-as="age") title="[^"]*">[^<]*'
)
# Files of the packages say nothing about faxes, and walking does not press buttons.
NO_PAGES = r"^/(static|admin|accounts)/|\.png$|/(again|cancel|trash|restore|handle|reopen|forward)/$"
# What is on record of somebody's looks grows by looking.
OF_LOOKS = r"^/audit/|/file/|/log/"
SKIPPED = re.compile(f"{NO_PAGES}|{OF_LOOKS}")
MOST_PAGES = 100


def walk(
    browser: Client, starts: Iterable[str], *, most: int = MOST_PAGES, skipped: re.Pattern[str] = SKIPPED
) -> dict[str, str]:
    """Every page that can be reached by links from these, by address: its status, and what it says."""
    ahead = list(starts)
    pages: dict[str, str] = {}
    while ahead and len(pages) < most:
        address = ahead.pop(0)
        if address in pages:
            continue
        response = browser.get(address)
        body = response.getvalue() if response.streaming else response.content
        text = body.decode(errors="replace") if "text" in response.get("Content-Type", "") else repr(body)
        pages[address] = f"{response.status_code} {TOKEN.sub('', text)}"
        found = [urlsplit(urljoin(address, link.replace("&amp;", "&"))) for link in LINK.findall(text)]
        ahead += [
            f"{link.path}?{link.query}" if link.query else link.path
            for link in found
            if not link.netloc and not skipped.search(link.path)
        ]
    return pages
