"""The guards: how they start, here or on other machines, and one worker made of several."""
