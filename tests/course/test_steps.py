"""One bad step makes one problem, at the exact character, and leaves the other steps unaffected."""

import textwrap

import pytest
from lesson_texts import fault_of, place, step_of

WORK = "exercise:\n  starter: a\n  solution: b\n  check: "


@pytest.mark.parametrize(
    ("lines", "where", "message"),
    [
        # Keys.
        ("code: x\ntittle: y\n", (2, 5), "unknown key `tittle`: did you mean `title`?"),
        ("code: x\nfoo: y\n", (2, 5), "unknown key `foo`: choose from id, title, text"),
        ("code: x\nexpect: {shpae: [1]}\n", (2, 14), "unknown key `shpae`: did you mean `shape`?"),
        ("code: x\ntime:\n  - {cal: f(x)}\n", (3, 10), "unknown key `cal`: did you mean `call`?"),
        ("code: x\ntime:\n  - {label: f}\n", (3, 9), "`call` is missing in `time[0]`"),
        ("code: x\ncode: y\n", (2, 5), "duplicate key `code`, first given at line 10, column 5"),
        # Values.
        ("code: x\nshow: jaxrp\n", (2, 11), "`show` cannot be `jaxrp`: did you mean `jaxpr`?"),
        ("code: x\nshow: [a]\n", (2, 11), "`show` must be text, not a list"),
        ("code: x\ntimeout: soon\n", (2, 14), "`timeout` must be a number, not `soon`"),
        ("code: x\ntimeout: 0\n", (2, 14), "`timeout` must be more than 0, not `0`"),
        ("code: x\ntimeout: inf\n", (2, 14), "`timeout` must be at most 86400, not `inf`"),
        ("code: x\ntimeout: nan\n", (2, 14), "`timeout` must be"),
        ("code: x\nexpect:\n  compiles: 010\n", (3, 17), "`expect.compiles` must be a whole number, not `010`"),
        ("code: x\nexpect:\n  shape: [1, a]\n", (3, 18), "`expect.shape[1]` must be a whole number, not `a`"),
        ("code: x\nexpect:\n  shape: 3\n", (3, 14), "`expect.shape` must be a list, not `3`"),
        ("code: x\ntime:\n  - {call: f(), baseline: yes}\n", (3, 31), "must be true or false, not `yes`"),
        ("code: x\nrequires: {devices: 0}\n", (2, 25), "`requires.devices` must be at least 1, not `0`"),
        ("code: x\nrequires: {jax: 0.9}\n", (2, 21), '`0.9` is not a version specifier: write it like ">=0.9"'),
        ("code: x\nexpect: {equations: {f: many}}\n", (2, 29), "`expect.equations.f` must be a whole number"),
        ("code: x\nexpect: 3\n", (2, 13), "`expect` must be a mapping, not `3`"),
        ("code: x\nexpect: {value: {a: 1}}\n", (2, 21), "must be text or nested lists, not a mapping: quote it"),
        # Text that YAML reads as something else.
        ("code: [f(x) for x in y]\n", (1, 11), "`code` must be text, not a list: quote it, or use |"),
        ("code: {x: 1}\n", (1, 11), "`code` must be text, not a mapping: quote it, or use |"),
        ("code:\n  x: 1\n", (2, 7), "`code` must be text, not a mapping: use |"),
        ("code:\nshow: jaxpr\n", (1, 5), "`code` has no value: give it one, or delete the line"),
        ("code: x\ntime:\n  -\n", (3, 8), "this entry has no value"),
        ("code: x\ntrace:\n  - {label: a, call: f(x, y)}\n", (3, 31), "`y)` became a key, because a comma"),
        ("code: x\ntrace: [f(x, y)]\n", (2, 14), "a comma ends a value inside brackets: quote it"),
        ("code: a: b\n", (1, 12), "begins a new key: quote it, or use |"),
        ("code: @x\n", (1, 11), "cannot begin with `@`: quote it, or use |"),
        ("code: `x`\n", (1, 11), "cannot begin with a backtick: quote it"),
        ('code: "x\n', (1, 11), "this quote is not closed"),
        ("code: *x\n", (1, 11), "`*x` is a YAML alias"),
        # Python.
        ("code: |\n  x = 1\n  y = (\n", (3, 11), "this is not Python: '(' was never closed"),
        ("code: |\n\n  if x\n    y\n", (3, 11), "this is not Python: expected ':'"),
        ("code: |\n  def f():\n", (2, 15), "expected an indented block"),
        ("code: |2-\n    x = 1\n  y = = 2\n", (2, 8), "this is not Python"),
        ("code: return 1\n", (1, 11), "'return' outside function"),
        ("code: 'x = = 1'\n", (1, 16), "this is not Python: invalid syntax"),
        ("code: >\n  x = = 1\n", (1, 11), "this is not Python: invalid syntax"),
        ("code: |\n  %timeit f(x)\n", (2, 7), "notebook commands (%, !) do not work here"),
        ('code: "\\0"\n', (1, 12), "this is not Python"),
        ("setup: |\n  import\ncode: x\n", (2, 13), "this is not Python"),
        ("code: x\ntrace: f(x) +\n", (2, 12), "this is not a Python expression"),
        ("code: x\ntrace: y = f(x)\n", (2, 14), "this is not a Python expression"),
        ("code: x\ntime:\n  - {call: import x}\n", (3, 16), "this is not a Python expression"),
        # Parts that do not fit.
        ("after: y\n", (-2, 5), "`code` is missing: add it or an `exercise`"),
        ("code: x\nexercise: {starter: a, check: b, solution: c}\n", (1, 5), "`code` beside an `exercise` never runs"),
        ("code: x\nraises: TypeEror\n", (2, 13), "unknown exception `TypeEror`: did you mean `TypeError`?"),
        ("code: x\nraises: a type error\n", (2, 13), "`raises` must be an exception's name"),
        ("code: x\nask: {question: Why?}\n", (2, 10), "`ask` needs either `choices` with an `answer`, or a `value`"),
        ("code: x\nask: {question: Q, choices: [a, b]}\n", (2, 10), "`answer` is missing"),
        (
            "code: x\nask: {question: Q, choices: [a, b], answer: 3}\n",
            (2, 49),
            "`answer` is 3, but the choices are 1 to 2",
        ),
        ("code: x\nask: {question: Q, choices: [a, b], answer: 0}\n", (2, 49), "`answer` is 0"),
        ("code: x\nask: {question: Q, choices: [a], answer: 1}\n", (2, 33), "`choices` needs 2 to 9 entries"),
        (f"code: x\nask: {{question: Q, choices: [{', '.join('abcdefghij')}], value: x}}\n", (2, 33), "2 to 9 entries"),
        ("code: x\nask: {question: Q, choices: [a, b, a], value: x}\n", (2, 33), "two `choices` are the same"),
        ("code: x\nask: {question: Q, choices: [a, b], answer: 1, value: x}\n", (2, 49), "`answer` or a `value`"),
        ("code: x\nask: {question: Q, value: x, answer: 1}\n", (2, 42), "either an `answer` or a `value`"),
        ("code: x\nask: {question: Q, value: equations of}\n", (2, 41), "this is not a Python expression"),
        ("code: x\nask: {question: Q, value: shapes of f(x)}\n", (2, 31), "`shapes of`: did you mean `shape of`?"),
        ("code: x\nask: {question: Q, value: age of f(x)}\n", (2, 31), "unknown question `age of`: known are equ"),
        ("code: x\nask: {question: Q, value: shape of f(x}\n", (2, 32), "this is not a Python expression"),
        ("code: x\nask: {question: Q, value: fastest of f(x)}\n", (2, 31), "needs at least 2 calls or labels"),
        ("code: x\nask: {question: Q, value: fastest of f(x) | by hand}\n", (2, 34), "this is not a Python expr"),
        ("code: x\ntime: [{call: a, baseline: true}, {call: b, baseline: true}]\n", (2, 59), "keep one"),
        ("code: x\ntrace: f(x)\nexpect: {equations: {g: 1}}\n", (3, 26), "no trace is labelled `g`: labels are f(x)"),
        ("exercise: {starter: '', check: '', solution: x}\n", (1, 36), "`exercise.check` must not be empty"),
        ("exercise: {starter: a, check: [], solution: x}\n", (1, 35), "`exercise.check` must not be empty"),
        ("exercise: {starter: a, check: b}\n", (1, 15), "`solution` is missing in `exercise`"),
        (f"{WORK}x\n  hints: ['']\n", (5, 15), "`exercise.hints[0]` must not be empty"),
        # Checks.
        (f"{WORK}[{{say: x}}]\n", (4, 15), "a check needs one of value, jaxpr"),
        (f"{WORK}[{{vmap: f(x), leaks: f(x)}}]\n", (4, 28), "either `vmap` or `leaks`: make two checks"),
        (f"{WORK}[{{vmap: f(x), equals: y}}]\n", (4, 28), "`equals` belongs to value, not to `vmap`"),
        (f"{WORK}[{{hlo: f(x), most: 3}}]\n", (4, 27), "`most` belongs to jaxpr or memory or compiles, not to `hlo`"),
        (f"{WORK}[{{jaxpr: f(x)}}]\n", (4, 15), "`jaxpr` needs `has` or `lacks` or `exactly` or `most`"),
        (f"{WORK}[{{memory: f(x)}}]\n", (4, 15), "`memory` needs `most`"),
        (f"{WORK}[{{memory: f(x), most: many}}]\n", (4, 36), "must be a whole number, not `many`"),
        (f"{WORK}[{{compiles: []}}]\n", (4, 26), "`compiles` must not be empty"),
        (f"{WORK}[{{value: f(x), given: [{{}}]}}]\n", (4, 37), "`given` has a set without names"),
        (f"{WORK}[{{value: f(x), given: [{{a b: y}}]}}]\n", (4, 37), "`a b` is not a name of Python"),
        (f"{WORK}[{{value: f(x), given: [{{x: y +}}]}}]\n", (4, 41), "this is not a Python expression"),
        (f"{WORK}[{{value: f(x) +}}]\n", (4, 23), "this is not a Python expression"),
        (f"{WORK}[{{what: a, python: 'x = = 1'}}]\n", (4, 38), "this is not Python"),
        (f"{WORK}x\n  others: ['x = = 1']\n", (5, 21), "this is not Python"),
        (f"{WORK}x\n  wrong: [{{code: y}}]\n", (5, 15), "`because` is missing in `exercise.wrong[0]`"),
        (f"{WORK}x\n  wrong: [{{code: y, because: ' '}}]\n", (5, 34), "`because` must quote words"),
        (f"{WORK}[{{python: 'x = 1'}}]\n", (4, 15), "`python` needs a `what`"),
        ("code: x\ntime: [{call: f(m), sizes: [1]}]\n", (2, 32), "`sizes` needs a call that uses `n`"),
        # Changes to try.
        ("code: x\ntries: [{label: a, old: y, new: z}]\n", (2, 29), "`y` does not occur in the code"),
        ("code: x + x\ntries: [{label: a, old: x, new: z}]\n", (2, 29), "`x` occurs 2 times in the code"),
        ("code: x\ntries: [{label: a, old: x, new: x}]\n", (2, 37), "`new` is the same as `old`"),
        ("exercise: {starter: '(', check: x, solution: '('}\n", (1, 51), "'(' was never closed"),
    ],
)
def test_a_bad_step_is_one_problem_at_its_place(lines, where, message):
    problem = fault_of(lines)
    assert message in problem.message
    assert place(problem) == where
    assert problem.step == "a"


@pytest.mark.parametrize(
    "lines",
    [
        "raises: jax.errors.TracerBoolConversionError\ncode: x\n",
        "raises: MyTypeErrors\ncode: 'class MyTypeErrors(TypeError): pass'\n",
        "raises: SyntaxError\ncode: 'x = = 1'\n",
        "code: x\nask: {question: Q, value: 'equations of f(x, y)'}\n",
        "code: x\nask: {question: Q, choices: [a, b], value: dtype of x}\n",
        "code: x\ntime: [{call: f(x), label: by hand}]\nask: {question: Q, value: fastest of by hand | g(x)}\n",
        "exercise: {starter: 'def f(', check: x, solution: y}\n",
        "code: x\ntrace: []\n",
        "code: x\nask: {question: Q, choices: [a, b], value: x}\n",
        "code: x\ntries: [{label: a, old: x, new: y}]\n",
        f"{WORK}[{{compiles: [f(x), f(y)]}}, {{value: f(x), given: [{{x: '1'}}, {{x: '2'}}]}}]\n",
        "code: x = '\\d'; x is 1\n",
        "code: x\nexpect: {equations: {f(x): 1}}\n",
    ],
)
def test_what_is_right_although_it_looks_odd(lines):
    step_of("- id: a\n  title: A\n  text: x\n" + textwrap.indent(lines, "  "))


@pytest.mark.parametrize(
    ("start", "where", "message"),
    [
        ("- id: A b\n  title: A\n  text: x\n", (-2, 9), "`id` must be small letters, digits and hyphens"),
        ("- id: a\n  title: ''\n  text: x\n", (-1, 12), "`title` must not be empty"),
        ("- id: a\n  title: |\n    a\n    b\n  text: x\n", (-3, 12), "`title` must be one line of text"),
        (f"- id: a\n  title: {'x' * 201}\n  text: x\n", (-1, 12), "`title` must be at most 200 characters long"),
        ("- id: a\n  text: x\n", (-1, 5), "`title` is missing"),
    ],
)
def test_ids_and_titles(start, where, message):
    problem = fault_of("code: x\n", start)
    assert (problem.message, place(problem)) == (message, where)
