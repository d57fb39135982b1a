"""Text: counts with nouns; foreign text made harmless once, where it is decoded; raw text with its own type."""

import math
import re
from collections.abc import Callable
from functools import cache
from itertools import repeat
from operator import is_not
from types import UnionType
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias, TypeVar, Union, get_args, get_origin, get_type_hints

import msgspec
from rich.cells import cell_len


def short(text: str, most: int = 40) -> str:
    """Return the text as one line of at most `most` characters."""
    line = " ".join(text.split())
    return line if len(line) <= most else line[: most - 1] + "…"


def plural(count: int, noun: str) -> str:
    """Return the count with its noun: `1 step`, `2 steps`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def grouped(number: int) -> str:
    """Return the number with spaces between thousands: `1 000`."""
    return f"{number:,}".replace(",", " ")


UNITS = ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs"), (1e-9, "ns"))
UNKNOWN = "—"
_BYTE_UNITS = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")


def seconds(value: float, digits: int = 3) -> str:
    """Return `9.81 µs`, with `digits` significant digits; `—` for a negative or infinite value."""
    return " ".join(part for part in number_and_unit(value, digits) if part)


def bytes_text(count: int) -> str:
    """Return `156 B`, `1.5 KiB`, `24 GiB`: at most three digits, without trailing zeros."""
    size = float(count)
    unit = 0
    while unit < len(_BYTE_UNITS) - 1 and size >= 1023.5:
        size /= 1024
        unit += 1
    number = f"{size:.0f}" if size >= 100 else f"{float(f'{size:.3g}'):g}"
    return f"{number} {_BYTE_UNITS[unit]}"


def number_and_unit(value: float, digits: int = 3) -> tuple[str, str]:
    """Return the number and the unit of `seconds`."""
    if not math.isfinite(value) or value < 0:
        return UNKNOWN, ""
    if value == 0:
        return "0", "s"
    value = float(f"{value:.{digits - 1}e}")
    size, unit = next((entry for entry in UNITS if value >= entry[0]), UNITS[-1])
    number = float(f"{value / size:.{digits - 1}e}")
    before = max(1, len(str(int(number))))
    return f"{number:,.{max(0, digits - before)}f}", unit


# Characters that move the cursor, change colours, reorder or hide text: C0 except newline, DEL, C1, soft hyphen and
# fillers without a width, zero-width and bidi characters, line separators, lone surrogates, annotation marks, tags,
# formats of shorthand and of music.
UNCLEAN = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e"
    "\u2060-\u206f\u3164\ud800-\udfff\ufe00-\ufe0d\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
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
    """Return harmless text with `␊` in place of newlines."""
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


class Raw:
    """Text as a program, a lesson or a file gave it: to run, compare, copy or save, but not to show.

    It is not a `str`, so no widget accepts it by mistake. In an f-string it becomes `line`.
    """

    __slots__ = ("text",)

    def __init__(self, text: str = "") -> None:
        self.text = text

    @property
    def shown(self) -> str:
        """The text made harmless, with its lines."""
        return clean(self.text)

    @property
    def line(self) -> str:
        """The text made harmless, in one line."""
        return clean(self.text, keep_newlines=False)

    def __str__(self) -> str:
        return self.line

    def __repr__(self) -> str:
        return f"Raw({self.text!a})"

    def __bool__(self) -> bool:
        return bool(self.text)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Raw) and self.text == other.text

    def __hash__(self) -> int:
        return hash(self.text)


NO_TEXT = Raw()

KEY = "foreign text"
"""The key in a type's metadata: `raw` or `lines`; text without it is one line."""

Lines: TypeAlias = Annotated[str, msgspec.Meta(extra={KEY: "lines"})]
"""Harmless text of one or more lines."""

if TYPE_CHECKING:
    RawText: TypeAlias = Raw
else:
    # msgspec decodes it as `str`; `harmless` turns that into the type that the type checker sees.
    RawText: TypeAlias = Annotated[str, msgspec.Meta(extra={KEY: "raw"})]


def plain_value(value: Any) -> Any:
    """Return the text of a `Raw`, for a JSON encoder; raises `NotImplementedError` for other types."""
    if isinstance(value, Raw):
        return value.text
    raise NotImplementedError(f"{type(value).__name__} cannot be written as JSON")


T = TypeVar("T", bound=msgspec.Struct)
Sanitizer: TypeAlias = Callable[[Any], Any]
"""Makes a value harmless; returns the same object if it already is."""


def harmless(struct: T) -> T:
    """Return the struct with all its text made harmless, or wrapped in `Raw` if its type says so; idempotent."""
    changes = {}
    kind: Any = type(struct)
    for name, sanitize in _fields(kind):
        old = getattr(struct, name)
        if old is not None and (new := sanitize(old)) is not old:
            changes[name] = new
    return msgspec.structs.replace(struct, **changes) if changes else struct


def _line(text: str) -> str:
    return text if text.isascii() and text.isprintable() else clean(text, keep_newlines=False)


def _raw(text: str | Raw) -> Raw:
    return text if isinstance(text, Raw) else Raw(text)


_TEXT: dict[str | None, Sanitizer] = {None: _line, "lines": clean, "raw": _raw}


@cache
def _fields(struct: Any) -> tuple[tuple[str, Sanitizer], ...]:
    """Return the fields that may hold text, each with its sanitizer."""
    hints = get_type_hints(struct, include_extras=True)
    found = ((name, _sanitizer(hints[name])) for name in struct.__struct_fields__)
    return tuple((name, sanitize) for name, sanitize in found if sanitize)


@cache
def _sanitizer(hint: Any, mark: str | None = None) -> Sanitizer | None:
    """Return the sanitizer of values of this type; None for a type without text."""
    origin, args = get_origin(hint), get_args(hint)
    if hint is str:
        return _TEXT[mark]
    if origin is Annotated:
        marks = (part.extra[KEY] for part in args[1:] if part.extra and KEY in part.extra)
        return _sanitizer(args[0], next(marks, mark))
    if origin in (Union, UnionType):
        sanitizers = {getattr(part, "__origin__", part): found for part in args if (found := _sanitizer(part, mark))}
        return (lambda value: sanitizers.get(type(value), _same)(value)) if sanitizers else None
    if origin is tuple:
        return _tuple([_sanitizer(part, mark) for part in args if part is not Ellipsis], repeated=Ellipsis in args)
    if origin is dict:
        of_key, of_item = (_sanitizer(part) or _same for part in args)
        return lambda value: {of_key(key): of_item(item) for key, item in value.items()}
    return harmless if isinstance(hint, type) and issubclass(hint, msgspec.Struct) else None


def _same(value: Any) -> Any:
    return value


def _tuple(sanitizers: list[Sanitizer | None], *, repeated: bool) -> Sanitizer | None:
    if not any(sanitizers):
        return None

    def apply(value: tuple[Any, ...]) -> tuple[Any, ...]:
        each = repeat(sanitizers[0]) if repeated else sanitizers
        new = tuple(sanitize(part) if sanitize else part for sanitize, part in zip(each, value, strict=False))
        return new if any(map(is_not, new, value)) else value

    return apply
