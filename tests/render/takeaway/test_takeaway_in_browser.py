"""A lesson's page works in a real browser. Needs Chromium, and skips only without it."""

import shutil

import pytest
from test_takeaway import HOSTILE

from jaxtour.render.takeaway.page import page

driver = pytest.importorskip("playwright.sync_api", reason="no playwright: pip install --editable '.[dev]'")

pytestmark = [pytest.mark.conformance, pytest.mark.alone]
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


@pytest.mark.parametrize("look", ["light", "dark"])
def test_hostile_text_stays_text_and_nothing_is_loaded(tmp_path, look):
    found = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if found is None:
        pytest.skip(f"no browser here: install chromium (looked for {', '.join(BROWSERS)} on PATH)")
    path, told, asked = tmp_path / "page.html", [], []
    path.write_text(page(HOSTILE), "utf-8")
    with driver.sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=found, args=["--headless", "--no-sandbox"])
        view = launched.new_page(viewport={"width": 480, "height": 800}, color_scheme=look)
        view.on("console", lambda message: told.append(message.text))
        view.on("pageerror", lambda error: told.append(str(error)))
        view.on("dialog", lambda dialog: (told.append(dialog.message), dialog.dismiss()))
        view.on("request", lambda request: asked.append(request.url))
        view.goto(path.as_uri())
        assert view.locator("main h1").inner_text() == "<img src=x onerror=alert(1)>"
        assert view.locator("main img, main script, main b, main i, main u").count() == 0
        folded = view.locator("details").first
        assert not folded.locator("p").is_visible()
        folded.locator("summary").click()
        assert folded.locator("p").inner_text() == "</details><script>"
        assert view.locator(".output.stdout pre").inner_text().startswith("<b>␛]0;t␇")
        assert view.evaluate("document.documentElement.scrollWidth") <= 480, "only code scrolls sideways"
        launched.close()
    assert (told, asked) == ([], [path.as_uri()])
