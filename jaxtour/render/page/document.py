"""Writes a page: HTML, its script and style with their hashes, and the data, all escaped."""

import json
from base64 import b64encode
from collections.abc import Sequence
from hashlib import sha256
from html import escape
from importlib.resources import files
from string import Template

from jaxtour.engine.wire.profile import Profile, line_times
from jaxtour.engine.wire.timings import Peak
from jaxtour.render.ir.cost import cost_lines
from jaxtour.render.page.data import STYLES, call_data
from jaxtour.render.page.markup import pre, source_link
from jaxtour.render.page.memory import memory_html
from jaxtour.render.page.model import Page, PageCall
from jaxtour.render.profile.tables import instruction_table, line_table, summary_lines

WIDTH = 100
"""The width of the tables in cells."""
SCRIPTS = ("links.js", "panes.js", "page.js")
"""The parts of the script, each on top of those before it."""


def html(page: Page) -> str:
    """Return the whole file; it loads nothing, and its policy forbids loading."""
    style, script = _part("page.css"), _script()
    data = {
        "styles": {letter: name for name, letter in STYLES.items()},
        "calls": [call_data(call, page.peaks) for call in page.calls],
    }
    return Template(_part("page.html")).substitute(
        title=escape(page.title),
        made_by=escape(page.made_by),
        style=style,
        script=script,
        policy=f"default-src 'none'; style-src {digest(style)}; script-src {digest(script)}; "
        "base-uri 'none'; form-action 'none'",
        calls="".join(f"<option>{escape(_name(call))}</option>" for call in page.calls),
        more="".join(_more(call, page.peaks) for call in page.calls),
        data=_json(data),
    )


def _script() -> str:
    """Return the page's one script: its parts share their names, and nothing else sees them."""
    return '"use strict";\n(() => {\n' + "\n".join(map(_part, SCRIPTS)) + "})();\n"


def _part(name: str) -> str:
    return files("jaxtour.render.page").joinpath(name).read_text("utf-8")


def digest(text: str) -> str:
    """Return the name of this style or script in the page's policy."""
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"


def _json(value: object) -> str:
    """Return JSON that no HTML parser takes for markup: a string in it cannot end the element around it."""
    text = json.dumps(value, separators=(",", ":"))
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")


def _name(call: PageCall) -> str:
    return call.title if call.title == call.call or not call.call else f"{call.title}: {call.call}"


def _more(call: PageCall, peaks: Sequence[Peak]) -> str:
    """Return what goes below the panes: the time, the memory and the cost of one call, and its other sections."""
    own = call.sources[0].file if call.sources else ""
    hlo = next((stage for stage in call.stages if stage.stage == "hlo" and stage.error is None), None)
    parts = [_section(heading, pre(lines)) for heading, lines in call.sections if lines]
    if call.profile is not None:
        parts.append(_section("Time", _time(call, call.profile, peaks, own)))
    if hlo and (shown := memory_html(hlo, own, [source.file for source in call.sources], WIDTH)):
        parts.append(_section("Memory", shown))
    if hlo and hlo.cost:
        parts.append(_section("Cost, according to the compiler", pre(cost_lines(hlo.cost, WIDTH))))
    return f'<div class="call">{"".join(parts)}</div>'


def _section(heading: str, body: str) -> str:
    return f"<section><h2>{escape(heading)}</h2>{body}</section>"


def _time(call: PageCall, profile: Profile, peaks: Sequence[Peak], own: str) -> str:
    if profile.error is not None:
        return pre(summary_lines(profile, WIDTH))
    texts = {source.file: source.text.split("\n") for source in call.sources}

    def text(file: str, line: int) -> str:
        lines = texts.get(file, ())
        return lines[line - 1] if 0 < line <= len(lines) else ""

    names = [source.file for source in call.sources]
    # Both tables begin with their heading and a rule.
    lines = {row: source_link(names, time.file, time.line) for row, time in enumerate(line_times(profile), 2)}
    instructions = {
        row: f"hlo:{each.line}" for row, each in enumerate(profile.instructions, 2) if each.line is not None
    }
    return (
        pre(summary_lines(profile, WIDTH))
        + pre(line_table(profile, WIDTH, text, own=own), lines)
        + pre(instruction_table(profile, peaks, WIDTH, own=own), instructions)
    )
