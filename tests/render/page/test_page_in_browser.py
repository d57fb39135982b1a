"""The page works in a real browser: links, keys, sizes, hostile text. Needs Chromium, and skips only without it."""

import shutil

import pytest
from made_pages import CODE, HOSTILE, LINES, hostile_page, page

from jaxtour.engine.links import links_of
from jaxtour.render.page.document import html

driver = pytest.importorskip("playwright.sync_api", reason="no playwright: pip install --editable '.[dev]'")

pytestmark = [pytest.mark.conformance, pytest.mark.alone]

HANGS_MS = 150_000
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip


@pytest.fixture(scope="module")
def browser():
    found = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if found is None:
        pytest.skip(f"no browser here: install chromium (looked for {', '.join(BROWSERS)} on PATH)")
    driver.expect.set_options(timeout=HANGS_MS)
    with driver.sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=found, args=list(ARGUMENTS), timeout=HANGS_MS)
        yield launched
        launched.close()


@pytest.fixture
def opened(browser, tmp_path):
    """Open a page; at the end it must have had no error, loaded nothing, and opened no dialog."""
    told, asked, contexts = [], [], []

    def open_page(made, **look):
        path = tmp_path / f"{len(contexts)}.html"
        path.write_text(html(made), "utf-8")
        context = browser.new_context(**{"viewport": {"width": 1600, "height": 900}, **look})
        context.set_default_timeout(HANGS_MS)
        contexts.append(context)
        view = context.new_page()
        view.on("console", lambda message: told.append(message.text))
        view.on("pageerror", lambda error: told.append(str(error)))
        view.on("dialog", lambda dialog: (told.append(dialog.message), dialog.dismiss()))
        view.on("request", lambda request: asked.append(request.url))
        view.goto(path.as_uri())
        return view

    yield open_page
    for context in contexts:
        context.close()
    assert told == []
    assert len(asked) == len(contexts), "a page asks for nothing but itself"


def pane(view, name):
    return view.locator(".pane", has=view.get_by_role("listbox", name=name, exact=True))


def lit(view, name):
    """Return the lines of a stage in view that are highlighted."""
    return [text.strip() for text in pane(view, name).locator(".row.lit .code").all_text_contents()]


def source_row(view, line):
    return pane(view, "source").locator(".row").nth(line - 1)


LIT = """() => jaxtour.call.stages.map(stage => stage.lines.map((_, row) =>
    jaxtour.call.stages.map(other => {
        const found = jaxtour.call.target(stage, row);
        return [...jaxtour.call.lines(other, found.places.length ? found : null).keys()]
            .filter(line => jaxtour.call.lines(other, found.places.length ? found : null)[line]);
    })))"""
LIT_BY_SOURCE = """places => places.map(([line, column]) => jaxtour.call.stages.map(stage => {
    const lit = jaxtour.call.lines(stage, jaxtour.call.at(0, line, column || 0));
    return [...lit.keys()].filter(row => lit[row]);
}))"""


def test_what_lights_up_is_what_the_tour_links(opened):
    made = page(130)
    view = opened(made)
    stages = made.calls[0].stages
    found = view.evaluate(LIT)
    for stage, rows in zip(stages, found, strict=True):
        for row, told in enumerate(rows):
            target = links_of(stage).target(row)
            for other, lines in zip(stages, told, strict=True):
                assert lines == list(links_of(other).lines(target)), (stage.stage, row, other.stage)
    places = [(line, column) for line in (1, 2, 7, LINES) for column in (None, 1, 5, 6, 8, 10, 12, 14)]
    file = made.calls[0].sources[0].file
    for (line, column), told in zip(places, view.evaluate(LIT_BY_SOURCE, places), strict=True):
        for stage, lines in zip(stages, told, strict=True):
            target = links_of(stage).at(file, line, column)
            assert lines == list(links_of(stage).lines(target)), (line, column, stage.stage)


def test_pointing_lights_up_every_pane_and_leaving_lets_go(opened):
    view = opened(page(40))
    source_row(view, 3).locator(".code").hover(position={"x": 60, "y": 8})
    assert "dot_general" in " ".join(lit(view, "jaxpr"))
    for name in ("StableHLO", "HLO"):
        assert len(lit(view, name)) >= 1
    assert view.locator("#said").text_content().startswith("3:")
    pane(view, "HLO").locator(".row").nth(2).hover(position={"x": 150, "y": 8})
    assert pane(view, "source").locator("mark").all_text_contents() == ["f1(x + 1)"]
    view.mouse.move(2, 2)
    driver.expect(view.locator(".row.lit")).to_have_count(0)
    assert "Point at" in view.locator("#said").text_content()


def test_a_line_without_a_source_says_why(opened):
    view = opened(page(40))
    pane(view, "HLO").locator(".row").nth(1).hover(position={"x": 150, "y": 8})
    assert "no source: made by the compiler, without metadata" in view.locator("#said").text_content()


def test_a_click_keeps_the_links_and_shows_them_where_they_are(opened):
    view = opened(page(400))
    source_row(view, 9).locator(".code").click(position={"x": 60, "y": 8})
    for name in ("jaxpr", "StableHLO", "HLO"):
        assert lit(view, name), name
    view.mouse.move(2, 2)
    assert lit(view, "HLO"), "it is kept"
    assert "pinned" in view.locator("#said").get_attribute("class")
    view.keyboard.press("Escape")
    driver.expect(view.locator(".row.lit")).to_have_count(0)


def test_keys_walk_panes_lines_and_expressions(opened):
    view = opened(page(400))
    pane(view, "source").get_by_role("listbox").focus()
    for _ in range(11):
        view.keyboard.press("ArrowDown")
    assert view.locator("#said").text_content().startswith("line 12")
    assert lit(view, "HLO"), "it scrolls to what belongs to the cursor"
    before = len(lit(view, "jaxpr"))
    view.keyboard.press("ArrowRight")
    view.keyboard.press("ArrowRight")
    assert pane(view, "source").locator("mark").all_text_contents() == ["x + 12"]
    assert 0 < len(lit(view, "jaxpr")) <= before
    view.keyboard.press("Enter")
    assert "pinned" in view.locator("#said").get_attribute("class")
    view.keyboard.press("Escape")
    driver.expect(view.locator(".row.lit")).to_have_count(0)
    view.keyboard.press("Tab")
    assert view.evaluate("document.activeElement.getAttribute('aria-label')") == "jaxpr"
    view.keyboard.press("End")
    view.keyboard.press("ArrowUp")
    assert pane(view, "jaxpr").locator(".row.cursor .code").text_content().strip().startswith("b399:")
    assert pane(view, "source").locator("mark").count() == 1
    view.keyboard.press("3")
    driver.expect(pane(view, "StableHLO")).to_be_hidden()
    view.keyboard.press("3")
    driver.expect(pane(view, "StableHLO")).to_be_visible()


def test_find_goes_through_all_panes(opened):
    view = opened(page(400))
    view.keyboard.press("/")
    view.keyboard.type("dot_general.321 ")
    assert view.locator("#found").text_content() == "1 line"
    view.keyboard.press("Enter")
    driver.expect(pane(view, "HLO").locator(".row.hit")).to_be_in_viewport()
    assert "%dot_general.321 " in pane(view, "HLO").locator(".row.hit .code").text_content()
    view.keyboard.press("Escape")
    driver.expect(view.locator(".row.hit")).to_have_count(0)


def test_tables_and_pictures_lead_to_their_lines(opened):
    view = opened(page(200))
    row = view.locator("#more span[data-link^='hlo:']").nth(1)
    row.click()
    number = int(row.get_attribute("data-link").split(":")[1])
    driver.expect(pane(view, "HLO").locator(f"#HLO-{number}.lit")).to_be_in_viewport()
    picture = view.locator("svg.memory")
    picture.scroll_into_view_if_needed()
    box = picture.bounding_box()
    view.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    assert "at %dot_general." in picture.locator(".readout").text_content()
    area = picture.locator("path[data-link]").first
    area.focus()
    view.keyboard.press("Enter")
    assert pane(view, "source").locator("mark").count() >= 1


def test_hostile_text_stays_text(opened):
    view = opened(hostile_page())
    shown = view.locator("body").inner_text()
    assert "</script><script>alert(1)</script>" in shown and "<U+202E>evil" in shown
    assert view.evaluate("document.scripts.length") == 2
    assert HOSTILE not in shown
    view.locator("#call").select_option(index=1)
    pane(view, "jaxpr").locator(".row").nth(1).hover(position={"x": 150, "y": 8})
    assert "no source: </script><script>alert(1)" in view.locator("#said").text_content()


def test_the_policy_lets_nothing_run_or_load(browser, tmp_path):
    told = []
    path = tmp_path / "page.html"
    path.write_text(html(page(5)).replace("<noscript>", "<script>window.ran = 1</script><noscript>"), "utf-8")
    view = browser.new_page()
    view.on("console", lambda message: told.append(message.text))
    view.goto(path.as_uri())
    assert view.evaluate("fetch('data:text/plain,x').then(() => 'loaded', () => 'blocked')") == "blocked"
    assert view.evaluate("window.ran") is None and view.locator(".pane").count() == 4
    assert len([text for text in told if "Content Security Policy" in text]) >= 2
    view.close()


COUNT_MADE = """() => {
    window.made = 0;
    new MutationObserver(all => all.forEach(each => { window.made += each.addedNodes.length; }))
        .observe(document.body, {childList: true, subtree: true});
}"""


def test_a_key_among_twenty_thousand_instructions_makes_no_more_nodes_than_among_four_hundred(opened):
    made = {}
    for lines in (400, 20_000):
        view = opened(page(lines))
        pane(view, "HLO").get_by_role("listbox").focus()
        assert view.locator("*").count() < 12_000, "only the rows in view are elements"
        view.keyboard.press("End")
        view.keyboard.press("ArrowUp")
        cursor = pane(view, "HLO").locator(".row.cursor .code")
        assert cursor.text_content().strip().startswith(f"%dot_general.{lines - 1} ")
        view.evaluate(COUNT_MADE)
        for _ in range(20):
            view.keyboard.press("ArrowUp")
        made[lines] = view.evaluate("made")
        assert pane(view, "HLO").locator(".row.lit").count() >= 1
    assert 20 <= made[20_000] < 2 * made[400], made


@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_it_is_dark_or_light_as_the_system_or_as_chosen(opened, scheme):
    view = opened(page(20), color_scheme=scheme)
    background = "getComputedStyle(document.body).backgroundColor"
    shades = {"dark": "rgb(18, 20, 22)", "light": "rgb(246, 246, 244)"}
    assert view.evaluate(background) == shades[scheme]
    for chosen in ("dark", "light"):
        view.locator("#theme").click()
        assert (view.locator("#theme").text_content(), view.evaluate(background)) == (chosen, shades[chosen])
    view.locator("#theme").click()
    assert view.evaluate(background) == shades[scheme]


def test_all_lines_are_printed_and_long_programs_say_what_is_left_out(opened):
    view = opened(page(300))
    view.evaluate("dispatchEvent(new Event('beforeprint'))")
    view.emulate_media(media="print")
    assert pane(view, "HLO").locator(".row").count() == 302
    assert pane(view, "source").locator(".code").all_text_contents() == CODE.splitlines()
    tall = view.evaluate(
        "[...document.querySelectorAll('.scroll')].every(each => each.clientHeight >= each.scrollHeight)"
    )
    assert tall
    view.emulate_media(media="screen")
    view.evaluate("dispatchEvent(new Event('afterprint'))")
    assert pane(view, "HLO").locator(".row").count() < 200
    view = opened(page(4000))
    view.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert pane(view, "HLO").locator(".row").last.text_content() == "… 1002 more lines, not printed"


@pytest.mark.parametrize("width", [390, 800, 1280, 2400])
def test_no_width_scrolls_sideways(opened, width):
    view = opened(page(100), viewport={"width": width, "height": 800})
    assert view.evaluate("document.scrollingElement.scrollWidth") <= width
