"""Cleans text from programs and lessons before it is shown: invisible characters become visible."""

import re

from rich.cells import cell_len

# Characters that move the cursor, change colours, reorder or hide text: C0 except newline, DEL, C1, soft hyphen and
# fillers without a width, zero-width and bidi characters, line separators, lone surrogates, annotation marks, tags.
UNCLEAN = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e"
    "\u2060-\u206f\u3164\ud800-\udfff\ufe00-\ufe0d\ufeff\uffa0\ufff0-\ufffb\U000e0000-\U000e0fff]"
)
# Compiled, and kept, by the first text that needs them: each takes half a millisecond.
_NOT_TAB = UNCLEAN.pattern.replace("\x00-\x09", "\x00-\x08")
_ONE_LINE = UNCLEAN.pattern.replace("\x00-\x09\x0b-", "\x00-")
# Deleting from bytes is the fastest search: 0.3 ms for 256 KiB; the regular expression takes 2 ms.
_UNCLEAN_ASCII = bytes([*range(0x0A), *range(0x0B, 0x20), 0x7F])
_LAST_C0 = 0x1F
_DEL = 0x7F


def clean(text: str, *, keep_newlines: bool = True, tab: int = 4) -> str:
    """Return the text with invisible characters made visible; a second call changes nothing.

    ESC and other C0 characters become control pictures, other invisible characters their code points (`<U+202E>`), and
    tabs spaces. CRLF becomes a newline. Newlines stay, or become `␊`.
    """
    if not _is_clean(text):
        text = text.replace("\r\n", "\n")
        text = re.sub(_NOT_TAB, _visible, text)
        if "\t" in text:
            text = "\n".join(_untabbed(line, tab) for line in text.split("\n"))
    return text if keep_newlines or "\n" not in text else text.replace("\n", "␊")


def one_line(text: str) -> str:
    """Harmless text with `␊` in place of newlines."""
    return text.replace("\n", "␊")


def stand_in(text: str) -> str:
    """Return the text with one visible character for each invisible one, so that columns stay the same.

    For widgets that paint what the learner writes; newlines and tabs are replaced too.
    """
    return text if "\n" not in text and _is_clean(text) else re.sub(_ONE_LINE, _one_visible, text)


def _is_clean(text: str) -> bool:
    if text.isascii():
        data = text.encode("ascii")
        return len(data.translate(None, _UNCLEAN_ASCII)) == len(data)
    return UNCLEAN.search(text) is None


def _visible(match: re.Match[str]) -> str:
    code = ord(match[0])
    if code <= _LAST_C0:
        return chr(0x2400 + code)
    return "␡" if code == _DEL else f"<U+{code:04X}>"


def _one_visible(match: re.Match[str]) -> str:
    visible = _visible(match)
    return visible if len(visible) == 1 else "\ufffd"


def _untabbed(line: str, tab: int) -> str:
    if line.isascii():
        return line.expandtabs(tab)
    first, *rest = line.split("\t")
    for part in rest:
        first += " " * (tab - cell_len(first) % tab) + part
    return first


_GLYPHS = str.maketrans({
    **dict.fromkeys("─━╸╺╴╶╼╾┄┈—–‐‑−", "-"),
    **dict.fromkeys("═", "="),
    **dict.fromkeys("│┃▌▐▏▎╷╵╹╻¦", "|"),
    **dict.fromkeys("┌┐└┘├┤┬┴┼╭╮╰╯┏┓┗┛┣┫┳┻╋╞╡╪", "+"),
    **dict.fromkeys("█▉▊▋▀▄■▪", "#"),
    **dict.fromkeys("●•∙", "*"),
    **dict.fromkeys("·○◦", "."),
    **dict.fromkeys("‘’", "'"),
    **dict.fromkeys("“”", '"'),
    **dict.fromkeys("→›▸▶", ">"),
    **dict.fromkeys("←‹◂◀", "<"),
    **dict.fromkeys("µμ", "u"),
    "↑": "^", "↓": "v", "✓": "+", "✗": "x", "×": "x", "⚑": "!", "…": "~", "≈": "~", "\xa0": " ",
})  # fmt: skip
_NOT_ASCII = re.compile(r"[^\x00-\x7f]+")


def ascii_only(text: str) -> str:
    """Return the text for a terminal without UTF-8, with the same width: glyphs become similar ones, or `?`."""
    if text.isascii():
        return text
    return _NOT_ASCII.sub(lambda match: "?" * cell_len(match[0]), text.translate(_GLYPHS))
