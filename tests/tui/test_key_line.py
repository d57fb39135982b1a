"""The bottom line has the keys that the text names."""

import msgspec
import pytest
from tours import Tours, ready, run_many, screen_text

from jaxtour.tui.tour.key_line import _named


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("Run it, then press `P`; in the panes `2` and `3` is more.", ("P", "2", "3")),
        ("`x` is a number, and so is `4`. `]` goes on.", ("]",)),
        ("`x` is a number; press `x` to change it. The `y` key is another.", ("x", "y")),
        ("`4` shows the cost. `f(x)` is a call.", ("4", "f(x)")),
        ("It gets `4`.", ()),
    ],
)
def test_keys_are_told_from_the_names_and_numbers_of_the_code(text: str, keys: tuple[str, ...]) -> None:
    assert _named(text, "y = f(x) + 4") == keys


async def test_a_key_that_the_text_names_comes_behind_the_most_important_one(tours: Tours) -> None:
    one, many, *rest = tours.entries[0].given.steps
    after = "`D` compares, `t` measures; press `g`."
    many = msgspec.structs.replace(many, ask=None, text="Press `g`, or `t`.", after=after)
    tours.entries[0].given = msgspec.structs.replace(tours.entries[0].given, steps=(one, many, *rest))
    app = tours.make("many")
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        keys = screen_text(app).splitlines()[-1].split()
        assert keys[:6] == ["r", "run", "g", "graph", "n", "next"], "there is nothing to time yet"
        assert keys[-4:] == ["?", "keys", "q", "quit"]
        await run_many(pilot, tours)
        assert "a see jaxpr   t time   g graph   r run   n next" in screen_text(app)
        assert "D compare" not in screen_text(app).splitlines()[-1], "there is nothing to compare"


async def test_two_keys_that_lead_to_the_same_stage_take_one_place(tours: Tours) -> None:
    one, many, *rest = tours.entries[0].given.steps
    many = msgspec.structs.replace(many, ask=None, after="Press `1`.")
    tours.entries[0].given = msgspec.structs.replace(tours.entries[0].given, steps=(one, many, *rest))
    app = tours.make("many")
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        await run_many(pilot, tours)
        keys = screen_text(app).splitlines()[-1]
        assert "1 jaxpr" in keys
        assert "a see jaxpr" not in keys
