"""What everybody must be able to read: a page on a desk and on a phone, in the light and in the dark."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Literal

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

DESK, PHONE = 1280, 390
IS_DARK = "matchMedia('(prefers-color-scheme: dark)').matches"
# A moment after the system has turned dark; unless the person chose.
IN_ITS_COLOURS = """scheme => {
  const data = document.documentElement.dataset;
  return "themeChosen" in data || data.bsTheme === scheme;
}"""
# Of what axe looks at, a screen's colours change only this: https://dequeuniversity.com/rules/axe/html
OF_COLOURS = {"runOnly": {"type": "rule", "values": ["color-contrast"]}}


def troubles(page: Page, widths: Sequence[int] = (PHONE, DESK)) -> list[str]:
    """What axe finds on the page as it stands, and what is wider than the screen, on screens so wide. The page has its
    own screen again afterwards. Raises TimeoutError where it does not turn dark with the system."""
    size, dark = page.viewport_size, page.evaluate(IS_DARK)
    assert size
    found = []
    for width in widths:
        page.set_viewport_size({"width": width, "height": size["height"]})
        found += [f"{width} pixels wide: {trouble}" for trouble in _on_this_screen(page)]
    page.emulate_media(color_scheme="dark" if dark else "light", reduced_motion="null")
    page.set_viewport_size(size)
    return found


def _on_this_screen(page: Page) -> Iterator[str]:
    width = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    if width > 0:
        yield f"{width} pixels do not fit"
    schemes: dict[Literal["light", "dark"], dict[str, Any]] = {"light": {}, "dark": OF_COLOURS}
    for scheme, options in schemes.items():
        # Colours that are on their way are neither the old nor the new ones.
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        page.wait_for_function(IN_ITS_COLOURS, arg=scheme)
        yield from (f"{scheme}: {trouble}" for trouble in _of_axe(page, options))


def _of_axe(page: Page, options: dict[str, Any]) -> Iterator[str]:
    if not page.evaluate("'axe' in window"):
        page.evaluate(Axe().axe_script)
    violations = page.evaluate(
        "async options => (await axe.run({ resultTypes: ['violations'], ...options })).violations", options
    )
    for trouble in violations:
        yield f"{trouble['id']}: {[node['html'] for node in trouble['nodes']]}"
