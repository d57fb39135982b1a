"""Turns the Markdown of notebooks and MyST pages into Markdown for a terminal: pictures and HTML become their text.

Each pattern stops where the next match could begin, so that the time is linear in the text, whatever it contains.
"""

import html
import re
from collections.abc import Iterator

_FENCE = re.compile(r" {0,3}(?P<fence>`{3,}|~{3,}|:{3,})(?P<info>.*)")
_DIRECTIVE = re.compile(r"\s*\{(?P<name>[\w:.-]+)\}\s*(?P<title>.*)")
_OPTION = re.compile(r"\s*:[\w-]+:.*")
_TARGET = re.compile(r"\s*\([\w:./ -]+\)=\s*")
_CODE = re.compile(r"(?P<tick>`+)(?!`)(?:.+?)(?<!`)(?P=tick)(?!`)")
_ROLE = re.compile(r"\{(?P<role>[\w:.+-]+)\}`(?P<text>[^`]{1,300})`")
_PICTURE = re.compile(r"!\[(?P<alt>[^\[\]]*)\](?:\((?:[^()]|\([^()]*\))*\)|\[[^\]]*\])")
_TAG = re.compile(r"</?(?P<name>[a-zA-Z][\w-]*)(?P<attributes>[^<>]*)>")
_ALT = re.compile(r"\balt\s*=\s*(?:\"([^\"]*)\"|'([^']*)')", re.IGNORECASE)
_PICTURES = ("image", "figure")
_VERBATIM = ("code", "code-block", "sourcecode", "math", "doctest")
_LEFT_OUT = ("toctree", "eval-rst", "contents", "raw", "autosummary", "currentmodule")
_BREAKS = ("br", "p", "div", "tr", "li", "summary")
HEADING = re.compile(r" {0,3}(?P<level>#{1,6})[ \t]+(?P<text>.+)")


def prose(text: str) -> str:
    """Return the Markdown with alternative texts for pictures, without HTML and the markup that MyST adds."""
    lines: list[str] = []
    for block, is_code in _blocks(_without_comments(text).split("\n")):
        lines += block if is_code else _plain("\n".join(line for line in block if not _TARGET.fullmatch(line)))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip("\n")


def headings(text: str) -> list[tuple[int, str]]:
    """Return level and text of each heading, outside of code and without markup."""
    lines = (line for block, is_code in _blocks(text.split("\n")) if not is_code for line in block)
    found = ((match["level"], match["text"]) for line in lines if (match := HEADING.match(line)))
    return [(len(level), title) for level, words in found if (title := _bare(words))]


def _bare(words: str) -> str:
    words = re.sub(r"\[([^\[\]]*)\]\([^)]*\)", r"\1", words[:1000].rstrip(" \t#"))
    return " ".join(re.sub(r"\*\*|__|`|(?<!\w)[*_]|[*_](?!\w)|\$", "", words).split())[:200]


def _blocks(lines: list[str]) -> Iterator[tuple[list[str], bool]]:
    """Yield parts of the text, each with whether it is code; a MyST directive is a quote, picture, code or left out."""
    at = 0
    plain: list[str] = []
    while at < len(lines):
        match = _FENCE.fullmatch(lines[at])
        if match is None or (match["fence"][0] == "`" and "`" in match["info"]):
            plain.append(lines[at])
            at += 1
            continue
        end = at + 1
        closing = re.compile(rf" {{0,3}}{match['fence'][0]}{{{len(match['fence'])},}}\s*")
        while end < len(lines) and not closing.fullmatch(lines[end]):
            end += 1
        yield plain, False
        plain = []
        yield from _fenced(match, lines[at + 1 : end])
        at = end + 1
    yield plain, False


def _fenced(match: re.Match[str], body: list[str]) -> Iterator[tuple[list[str], bool]]:
    directive = _DIRECTIVE.fullmatch(match["info"])
    if directive is None:
        yield ([f"```{match['info']}", *body, "```"], True) if match["fence"][0] != ":" else (body, False)
        return
    name, title = directive["name"], directive["title"].strip()
    options = [line for line in body if _OPTION.fullmatch(line)]
    rest = [line for line in body if not _OPTION.fullmatch(line)]
    if name in _LEFT_OUT:
        return
    if name in _VERBATIM:
        yield [f"```{'' if name == 'math' else title}", *rest, "```"], True
    elif name in _PICTURES:
        alt = next((line.partition("alt:")[2].strip() for line in options if ":alt:" in line), "")
        yield [alt or "\n".join(rest).strip()], False
    else:
        head = title if name == "admonition" else f"{name.capitalize()}{f': {title}' if title else ''}"
        yield [f"> **{head}**", ">", *(f"> {line}" for line in rest)], False


def _without_comments(text: str) -> str:
    parts = []
    end = 0
    while (start := text.find("<!--", end)) >= 0 and (close := text.find("-->", start)) >= 0:
        parts.append(text[end:start])
        end = close + len("-->")
    return "".join(parts) + text[end:]


def _plain(text: str) -> list[str]:
    """Return lines of text without code blocks; inline code stays unchanged."""
    text = _ROLE.sub(_of_role, text)
    parts: list[str] = []
    end = 0
    for match in _CODE.finditer(text):
        parts += [_without_html(text[end : match.start()]), match[0]]
        end = match.end()
    parts.append(_without_html(text[end:]))
    return "".join(parts).split("\n")


def _of_role(match: re.Match[str]) -> str:
    """Return the text of a role such as {func}`~jax.jit`, as code if it names code."""
    titled = re.fullmatch(r"(.+?)\s*<[^>]*>", match["text"], re.DOTALL)
    text = titled[1] if titled else match["text"].lstrip("~!")
    is_code = match["role"].rpartition(":")[2] in ("func", "class", "meth", "mod", "attr", "obj", "data", "code", "exc")
    return f"`{text}`" if is_code else text


def _without_html(text: str) -> str:
    text = _PICTURE.sub(lambda match: match["alt"], text)
    return html.unescape(_TAG.sub(_of_tag, text)) if "<" in text or "&" in text else text


def _of_tag(match: re.Match[str]) -> str:
    name = match["name"].lower()
    if name == "img":
        alt = _ALT.search(match["attributes"])
        return (alt[1] or alt[2] or "") if alt else ""
    if name in ("http", "https", "mailto"):
        return match[0]
    return "\n" if name in _BREAKS else ""
