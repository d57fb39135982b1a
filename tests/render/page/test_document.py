"""The page as a file has everything in it, all escaped, at a limited size."""

import json
import re
from base64 import b64encode
from hashlib import sha256
from html.parser import HTMLParser

from made_pages import CODE, LINES, hostile_page, page
from recorded import recorded

from jaxtour.render.ir.gutter import UNITS
from jaxtour.render.page.data import STYLES, painted
from jaxtour.render.page.document import html
from jaxtour.render.page.model import Page, PageCall


class Elements(HTMLParser):
    """Every element with its attributes, and the text of each script, style and heading."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.texts, self._open = [], {}, ""
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        self._open = "data" if dict(attributes).get("type") == "application/json" else tag

    def handle_data(self, data):
        self.texts[self._open] = self.texts.get(self._open, "") + data

    def handle_endtag(self, tag):
        self._open = ""


def data_of(text):
    return json.loads(Elements(text).texts["data"])


def test_nothing_is_loaded_and_the_policy_allows_the_own_script_and_style_alone():
    found = Elements(html(page(20)))
    assert not [tag for tag, given in found.tags if given.keys() & {"src", "href", "srcset", "style", "onclick"}]
    assert [tag for tag, _ in found.tags].count("script") == 2
    policy = next(given["content"] for tag, given in found.tags if given.get("http-equiv"))
    hashes = [b64encode(sha256(found.texts[name].encode()).digest()).decode() for name in ("style", "script")]
    assert policy.startswith("default-src 'none'; ") and "unsafe" not in policy
    assert re.findall(r"'sha256-([^']+)'", policy) == hashes
    assert "innerHTML" not in found.texts["script"] and "</" not in found.texts["script"].replace("*/", "")


def test_the_data_has_every_line_and_leads_to_its_source():
    made = page(50)
    [call] = data_of(html(made))["calls"]
    assert call["files"][0]["text"] + "\n" == CODE and call["files"][0]["name"] == "ml.py"
    for told, stage in zip(call["stages"], made.calls[0].stages, strict=True):
        assert told["text"] == stage.text and told["ids"] == list(stage.ids)
        assert told["facts"] == f"50 {UNITS[stage.stage]}s" and len(told["heads"]) == 50
        for row, number in enumerate(told["ids"]):
            own, callers = told["origins"][number][:2]
            origin = stage.origin_of(row)
            wanted = [[0, each.line, each.column, each.end_line, each.end_column] for each in origin.spans]
            assert [call["places"][place] for place in own] == wanted
            assert len(callers) == len(origin.callers)
            assert call["words"][told["origins"][number][4]] == (origin.unlinked or "")
    assert call["stages"][2]["time"]["1"][1] == "2%" and "Gflop/s" in call["stages"][2]["time"]["1"][2]


def test_painted_lengths_are_those_of_the_line():
    assert painted([(("ab", "type"), (" ", ""), ("c", "primitive"), ("rest", "")), (), (("x", ""),)]) == "2d1-1e\n\n"
    for stage in ("jaxpr", "stablehlo", "hlo"):
        stages = [made for _, _, made in recorded(stage, "0.12.0")]
        [call] = data_of(html(Page("t", "by", [PageCall("f", "f(x)", [], stages)])))["calls"]
        for told in call["stages"]:
            for text, style in zip(told["text"].split("\n"), told["styles"].split("\n"), strict=True):
                runs = re.findall(r"(\d+)(\D)", style)
                assert sum(int(length) for length, _ in runs) <= len(text)
                assert {letter for _, letter in runs} <= {*STYLES.values(), "-"}
                assert "".join(length + letter for length, letter in runs) == style


def test_hostile_text_stays_text():
    found = Elements(text := html(hostile_page()))
    assert [tag for tag, _ in found.tags].count("script") == 2 and text.count("</script") == 2
    assert "alert(1)" not in found.texts["script"] and "<!--" not in text
    assert not re.search("[\u202e\u2028\x1b]", text)
    [call, _] = json.loads(found.texts["data"])["calls"]
    assert "</script><script>alert(1)</script>" in call["stages"][0]["text"]
    assert "alert(1)" in found.texts["option"] and "<U+202E>" in found.texts["h1"]


def test_a_call_without_stages_or_source_has_a_page_too():
    [call] = data_of(html(Page("empty", "by", [PageCall("step", "")])))["calls"]
    assert call == {"files": [], "places": [], "words": [], "stages": []}


def test_two_thousand_instructions_take_less_than_one_and_a_half_megabytes():
    assert len(html(page(2000)).encode()) < 1_500_000


def test_the_memory_is_a_picture_with_a_letter_and_a_peak_for_every_line():
    text = html(page(60))
    found = Elements(text)
    [picture] = [given for tag, given in found.tags if tag == "svg"]
    columns = picture["data-lines"].split(",")
    assert columns == [str(at + 1) for at in range(60)] and len(picture["data-bytes"].split(";")) == 60
    areas = [given for tag, given in found.tags if tag == "path" and "data-link" in given]
    assert {given["data-link"] for given in areas} <= {f"source:0:{line}" for line in range(1, LINES + 1)}
    assert len(areas) >= 20 and text.count('class="letter"') and ">peak</text>" in text
    rows = [given["data-link"] for tag, given in found.tags if tag == "span" and "data-link" in given]
    assert "hlo:21" in rows and all(0 < int(row.split(":")[1]) <= 60 for row in rows if row.startswith("hlo"))


def test_the_rows_of_the_time_lead_to_their_lines():
    text = html(page(4))
    rows = re.findall(r'<span data-link="([^"]+)" tabindex="0">(.*?)\n</span>', text, re.S)
    by_line = {link.split(":")[2]: re.sub(r"<[^>]+>", "", row) for link, row in rows if link.startswith("source:0:")}
    assert "y = f3(x + 3)" in by_line["3"] and "y = f5(x + 5)" in by_line["5"]
    named = {link: row for link, row in rows if link.startswith("hlo:")}
    assert all(f"dot_general.{int(link[4:]) - 1}" in row for link, row in named.items()) and named
