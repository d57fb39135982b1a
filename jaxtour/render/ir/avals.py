"""Parses the types of variables as the three stages print them, and spells them out."""

import re
from dataclasses import dataclass

_ELEMENTS = {
    "bool": "bool", "pred": "bool", "i1": "bool", "bf16": "bfloat16", "c64": "complex64", "c128": "complex128",
    "complex<f32>": "complex64", "complex<f64>": "complex128", "f8E4M3FN": "float8_e4m3fn", "f8e4m3fn": "float8_e4m3fn",
    "f8E5M2": "float8_e5m2", "f8e5m2": "float8_e5m2",
}  # fmt: skip
_FAMILIES = (("ui", "uint"), ("si", "int"), ("f", "float"), ("i", "int"), ("s", "int"), ("u", "uint"))
_JAX = re.compile(r"(?P<weak>~?)(?P<element>\w+(?:<\w+>)?)\[(?P<shape>.*?)\](?:\{(?P<more>[^{}]*)\})?")
_REF = re.compile(r"(?P<kind>[A-Z]\w*)(?:<\w+>)?\{(?P<inside>.*)\}")
_TENSOR = re.compile(r"tensor<(?P<shape>(?:[\d?]+x)*)(?P<element>[a-z]\w*(?:<\w+>)?)(?:,.*)?>", re.S)
_TOKENS = ("Tok", "!stablehlo.token", "token[]", "token")


@dataclass(frozen=True, slots=True)
class Aval:
    """A parsed type."""

    element: str
    """The type of its elements, as in NumPy: `float32`."""
    shape: tuple[str, ...]
    """The size of each axis, as text: it may be unknown, `?` or `<=8`."""
    axes: tuple[str, ...] = ()
    """For each axis, the mesh axes that split it; empty if none does."""
    layout: tuple[int, ...] | None = None
    """The axes in memory order, the fastest-changing first."""
    weak: bool = False
    varying: str = ""
    """Mesh axes along which devices have different values."""

    @property
    def size(self) -> str:
        """`32 by 10`, `3 elements`, `scalar`."""
        if not self.shape:
            return "scalar"
        cut = [
            f"{length} (split along {axes})" if axes else length
            for length, axes in zip(self.shape, self.axes or ("",) * len(self.shape), strict=True)
        ]
        return " by ".join(cut) if len(cut) > 1 else f"{cut[0]} {'element' if cut[0] == '1' else 'elements'}"

    @property
    def words(self) -> str:
        """`float32, 32 by 10`; `int32 scalar`."""
        said = f"{self.element}, {self.size}" if self.shape else f"{self.element} scalar"
        if self.layout is not None and len(self.layout) > 1:
            said += f", {_order(self.layout)}"
        if self.varying:
            said += f", varies along {self.varying}"
        return f"{said}, weak" if self.weak else said


def parsed(text: str) -> Aval | None:
    """Parse a type of any stage; None if it is not an array."""
    text = text.strip()
    if match := _TENSOR.fullmatch(text):
        return Aval(_element(match["element"]), tuple(match["shape"].split("x")[:-1]))
    if not (match := _JAX.fullmatch(text)) or match["element"] == "token":
        return None
    lengths, axes = [], []
    for part in _parts(match["shape"]):
        length, _, cut = part.partition("@")
        lengths.append(length)
        axes.append(cut.strip("()"))
    more = (match["more"] or "").partition(":")
    layout = tuple(map(int, more[0].split(","))) if re.fullmatch(r"\d+(?:,\d+)*", more[0]) else None
    return Aval(
        _element(match["element"]),
        tuple(lengths),
        tuple(axes) if any(axes) else (),
        layout,
        weak=bool(match["weak"]),
        varying=more[2].strip("()") if more[0] == "V" else "",
    )


def spelled(text: str) -> str:
    """Return a type of any stage in words; an unknown type is returned unchanged."""
    text = text.strip()
    if text in _TOKENS:
        return "token, which only orders effects"
    if match := _REF.fullmatch(text):
        return f"reference to {spelled(match['inside'])}"
    if text.startswith("(") and text.endswith(")"):
        inside = _parts(text[1:-1])
        return f"tuple of {len(inside)}: {'; '.join(map(spelled, inside))}" if inside else "empty tuple"
    aval = parsed(text)
    return aval.words if aval else text


def _element(name: str) -> str:
    if name in _ELEMENTS:
        return _ELEMENTS[name]
    if name.startswith("key<"):
        return f"random key ({name[4:-1]})"
    for short, long in _FAMILIES:
        if name.startswith(short) and name[len(short) :].isdigit():
            return long + name[len(short) :]
    return name


def _order(layout: tuple[int, ...]) -> str:
    if list(layout) == sorted(layout, reverse=True):
        return "row-major"
    if list(layout) == sorted(layout):
        return "column-major"
    return f"axis {layout[0]} contiguous"


def _parts(text: str) -> list[str]:
    parts, depth, start = [], 0, 0
    for place, character in enumerate(text):
        if character in "([{<":
            depth += 1
        elif character in ")]}" or (character == ">" and text[place - 1 : place] != "-"):
            depth -= 1
        elif character == "," and depth == 0:
            parts.append(text[start:place].strip())
            start = place + 1
    last = re.sub(r"/\*.*?\*/", "", text[start:]).strip()
    return [*(re.sub(r"/\*.*?\*/", "", part).strip() for part in parts), *([last] if last else [])]
