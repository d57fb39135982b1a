"""Pages as commands write them: of a program with any number of instructions, and of hostile text."""

import msgspec
from made_profiles import FILE, profile

from jaxtour.engine.stage import assembled, failed
from jaxtour.engine.wire.memory import Block, Memory
from jaxtour.engine.wire.messages import Origin, Span, Stage
from jaxtour.render.page.model import Page, PageCall, PageSource
from jaxtour.text import clean, harmless, stand_in

HOSTILE = "</script><script>alert(1)</script>&amp;'\"\u202eevil\u2028\x1b[31m<!--"
LINES = 60
CODE = "".join(f"y = f{line}(x + {line})\n" for line in range(1, LINES + 1))
MADE_BY = "jaxtour 0, jax 0.12.0, CPU"


def spans(line):
    """Return the outer expression of a line of `CODE`, and the sum in it."""
    end = len(f"y = f{line}(x + {line})") + 1
    return Span(FILE, line, 5, line, end), Span(FILE, line, 5 + len(f"f{line}("), line, end - 1)


def origins(kind):
    made = [Origin(), Origin(kind=kind, name="copy", unlinked="made by the compiler, without metadata")]
    for line in range(1, LINES + 1):
        outer, inner = spans(line)
        path = f"jit(f)/layer_{line}/dot_general"
        made.append(Origin(kind=kind, name="dot", spans=(outer,), path=path, transforms=("jit", "jvp")))
        made.append(Origin(kind=kind, name="add", spans=(inner,), callers=(outer,), path=f"{path}/add"))
    made.append(Origin(kind=kind, name="fusion", spans=(spans(1)[0], spans(2)[1]), path="jit(f)/fusion"))
    return tuple(made)


TEXTS = {
    "jaxpr": "    b{0}:f32[512,1024] = dot_general[dimension_numbers=(([1], [0]), ([], []))] a{0} c{0}",
    "stablehlo": "    %{0} = stablehlo.dot_general %a{0}, %c{0}, contracting_dims = [1] x [0], precision = [DEFAULT, "
    "DEFAULT] : (tensor<512x1024xf32>, tensor<1024x1024xf32>) -> tensor<512x1024xf32>",
    "hlo": "  %dot_general.{0} = f32[512,1024]{{1,0}} dot(%wrapped_fusion.{0}, %get-tuple-element.{0}), "
    "lhs_contracting_dims={{1}}, rhs_contracting_dims={{0}}",
}
KINDS = {"jaxpr": "equation", "stablehlo": "operation", "hlo": "instruction"}


def stage(name, count, memory=None):
    """Return a stage with `count` instructions between a first and a last line that are no instructions."""
    found = origins(KINDS[name])
    text = "\n".join(["HloModule f {", *(TEXTS[name].format(at) for at in range(count)), "}"])
    ids = (0, *(1 + at % (len(found) - 1) for at in range(count)), 0)
    names = "\n".join(["=", *(f"%dot_general.{at}=%b" for at in range(count)), "="])
    part = Stage(run=1, index=0, stage=name, text=text, lines=ids, origins=found, names=names, memory=memory)
    return assembled(None, harmless(part))


def memory(count):
    places = range(count)
    blocks = tuple(Block(1 + at, 4096, 0, 4096 * at, at, min(at + 20, count - 1), "temporary", "f32[1024]", 1 + at)
                   for at in places)  # fmt: skip
    used = tuple(4096 * min(at + 1, 21) for at in places)
    return Memory(schedule=tuple(at + 1 for at in places), used=used, at=min(20, count - 1), blocks=blocks,
                  temporary_bytes=4096 * count)  # fmt: skip


def instruction_times(count):
    """Return rows that give each of the first instructions its time."""
    return [[f"dot_general.{at}", "dot", 1 + at, 0.85 / count, 0.85 / count, 1, 1e9, 1e6, [[at % 3, False, 1.0]], False,
             []] for at in range(count)]  # fmt: skip


def page(count=200, *, profiled=True):
    source = PageSource(FILE, "ml.py", CODE)
    timed = profile(instructions=instruction_times(count)) if profiled else None
    stages = [stage("jaxpr", count), stage("stablehlo", count), stage("hlo", count, memory(count))]
    return Page("ml.py", MADE_BY, [PageCall("f(x)", "f(x)", [source], stages, timed)])


def hostile_page():
    """Return a page in which every text of a program or a file is `HOSTILE`, made harmless where it comes in."""
    text = f"a = 1  # {HOSTILE}".replace("\n", " ")
    shown = "\n".join(map(stand_in, text.split("\n")))
    span = Span(FILE, 1, 1, 1, 6, HOSTILE)
    origin = Origin(kind="equation", name=HOSTILE, spans=(span,), path=HOSTILE, transforms=(HOSTILE,))
    lost = msgspec.structs.replace(origin, spans=(), unlinked=HOSTILE)
    part = Stage(run=1, index=0, stage="jaxpr", text=f"{HOSTILE}\nb = add[x={HOSTILE}]", lines=(0, 1),
                 origins=(origin, lost))  # fmt: skip
    stages = [assembled(None, harmless(part)), failed(0, "hlo", 1, clean(HOSTILE, keep_newlines=False))]
    said = clean(HOSTILE, keep_newlines=False)
    timed = profile(label=HOSTILE, call=HOSTILE, verdicts=[{"code": "c", "message": HOSTILE}])
    call = PageCall(said, said, [PageSource(FILE, said, shown)], stages, timed, [(said, [((said, "error"),)])])
    return Page(said, said, [call, call])
