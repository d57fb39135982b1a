"""The tree of a profile has lines, the functions that they call, and instructions; nothing is lost on the way."""

import pytest
from made_profiles import FILE, profile

from jaxtour.render.profile.tree import function_of, tree_lines
from jaxtour.render.text.layout import plain


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("jit(step)/jvp()/dot_general", ""),
        ("jit(step)/transpose(jvp(jit(sort)))/scatter-add", "sort"),
        ("jit(_normal)/jit(_normal_real)/jit(_uniform)/shift_right_logical", "_normal_real/_uniform"),
        ("jvp()/while/body/closed_call/tanh", ""),
        ("jit(f)/Model/Dense_0/custom_jvp_call/jit(relu)/max", "Model/Dense_0/relu"),
        ("add", ""),
        ("", ""),
    ],
)
def test_the_functions_are_those_of_the_name_stack(path, name):
    assert function_of(path) == name


INSTRUCTIONS = [
    ["dot.1", "dot", 12, 0.5, 0.5, 1, 4e9, 2e6, [[0, False, 1.0, 0]], False, []],
    ["sort.0", "sort", 15, 0.2, 0.2, 1, None, 1e6, [[0, False, 0.5, 1], [1, True, 0.5, 1]], True, []],
    ["copy.3", "copy", 16, 0.05, 0.05, 1, 0.0, 1e6, [[-1, False, 1.0]], False, []],
    ["tiny", "add", 17, 1e-5, 1e-5, 1, 0.0, 1e6, [[1, False, 1.0, 0]], False, []],
]
MADE = profile(instructions=INSTRUCTIONS, paths=["jit(f)/dot_general", "jit(f)/jit(sort)/sort"])


def test_a_line_has_its_functions_and_they_have_their_instructions():
    lines, folds = tree_lines(MADE, 80, lambda _, line: f"y{line} = f(x)", own=FILE)
    rows = [" ".join(plain(line).split()) for line in lines]
    assert rows == [
        "60.0% 600 ms 3 y3 = f(x)",
        "50.0% 500 ms the line itself",
        "50.0% 500 ms dot.1",
        "10.0% 100 ms sort",
        "10.0% 100 ms sort.0",
        "10.0% 100 ms 5 y5 = f(x)",
        "10.0% 100 ms sort",
        "10.0% 100 ms sort.0 backward",
        "5.0% 50.0 ms without a source: made by the compiler",
        "5.0% 50.0 ms copy.3",
    ]
    assert sorted(folds) == [(0, 4), (1, 2), (3, 4), (5, 7), (6, 7), (8, 9)]


def test_it_can_stand_in_the_order_of_the_source():
    instructions = [[*each[:8], [[1, False, 1.0, 0]], *each[9:]] for each in INSTRUCTIONS[:1]] + INSTRUCTIONS[1:3]
    made = profile(instructions=instructions, paths=["jit(f)/dot_general", "jit(f)/jit(sort)/sort"])
    lines, _ = tree_lines(made, 80, lambda _, line: f"y{line} = f(x)", own=FILE, by_time=False)
    assert [plain(line).split()[3] for line in lines if " = f(x)" in plain(line)] == ["3", "5"]
