"""Which browser somebody used, in two words."""

from __future__ import annotations

from django import template

register = template.Library()

# The first that fits: each browser names those before it, too.
BROWSERS = {
    "Edg": "Edge",
    "OPR": "Opera",
    "Firefox": "Firefox",
    "Chrome": "Chrome",
    "CriOS": "Chrome",
    "Safari": "Safari",
}
SYSTEMS = {
    "iPhone": "iPhone",
    "iPad": "iPad",
    "Android": "Android",
    "Windows": "Windows",
    "Mac OS": "Mac",
    "CrOS": "ChromeOS",
    "Linux": "Linux",
}


@register.filter
def agent(text: str) -> str:
    """“Chrome on Windows”; for what is neither, its own first words."""
    browser = next((name for word, name in BROWSERS.items() if word in text), "")
    system = next((name for word, name in SYSTEMS.items() if word in text), "")
    return " on ".join(filter(None, [browser, system])) or text[:60] or "A browser that does not say its name"
