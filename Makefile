# Everything lives in .venv: the first `make` of a kind installs, later ones only start.
# `make test PYTHON=/path/to/python3.12 VENV=.venv-3.12` works in a separate environment.
PYTHON ?= $(shell sh tools/pythons.sh | head -n 1 | cut -f 2)
VENV ?= .venv
BIN := $(VENV)/bin
OLDEST := $(VENV)/oldest
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet --constraint constraints.txt
# Two processes a core: a test waits for its worker half the time.
JOBS ?= $(shell expr 2 \* $$(getconf _NPROCESSORS_ONLN))
SECONDS ?= 60
# Tests to choose from, as pytest names them: `make test TESTS=tests/course`.
TESTS ?=
PYTEST := $(BIN)/python -m pytest --numprocesses $(JOBS) --maxprocesses 8 --dist loadgroup --no-loadscope-reorder

.PHONY: tour test check conformance faults fuzz matrix bench mutants snapshots picture wheel clean

tour: $(VENV)/.tour
	@$(BIN)/jaxtour

test: $(VENV)/.dev
	$(PYTEST) -m "not conformance and not faults" $(TESTS)

check: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# What `make test` leaves out: the course and the lens on the oldest jax, long properties, packaging.
conformance: $(VENV)/.dev $(OLDEST)/.jax
	JAXTOUR_PYTHONS=$(OLDEST)/bin/python $(PYTEST) -m conformance $(TESTS)

# Faults of programs, machines and terminals, and what the worker makes of them, as a table. FAULTS=faults leaves out
# the rows that `make test` runs too.
FAULTS ?= faults or row
faults: $(VENV)/.dev
	$(PYTEST) -m "$(FAULTS)" $(TESTS)

# Every Python on this machine, with the oldest jax and the newest, as a table; `TESTS` chooses some tests.
matrix:
	@$(PYTHON) -m tools.matrix

# Everything that reads what others wrote, fuzzed for SECONDS each, guided by the code that an input reaches.
fuzz: $(VENV)/.fuzz
	$(VENV)/fuzz/bin/python -m tools.fuzz --seconds $(SECONDS)

bench: $(VENV)/.bench
	$(BIN)/python -m benchmarks --compare $(VENV)/compare/bin

# Small changes to the code that no test notices; takes some minutes.
mutants: $(VENV)/.dev
	$(BIN)/python -m tools.mutants

snapshots: $(VENV)/.dev
	$(BIN)/python -m pytest tests/tui --snapshot-update

picture: $(VENV)/.tour
	$(BIN)/jaxtour snapshot vmap/jit --size 140x40 --run -o docs/tour.svg

wheel: $(VENV)/.dev
	$(BIN)/python -m build --no-isolation

clean:
	rm -rf .venv .venv-* dist build

$(VENV)/.python:
	@test -n "$(PYTHON)" || { echo "jaxtour needs Python 3.11 or newer: install it, or name one with make PYTHON=/path/to/python3.12" >&2; exit 2; }
	@echo "making $(VENV) with $$($(PYTHON) --version)"
	@$(PYTHON) -m venv $(VENV)
	@touch $@

$(OLDEST)/.jax: $(VENV)/.python
	@echo "installing the oldest jax that is supported into $(OLDEST)"
	@$(PYTHON) -m venv $(OLDEST)
	@$(OLDEST)/bin/python -m pip --disable-pip-version-check install --quiet jax==0.9.0 jaxlib==0.9.0
	@touch $@

$(VENV)/.tour: $(VENV)/.python pyproject.toml constraints.txt
	@echo "installing jax, textual and jaxtour into $(VENV)"
	@$(PIP) --editable .
	@touch $@

$(VENV)/.dev: $(VENV)/.tour
	@echo "installing what the tests need"
	@$(PIP) --editable '.[dev]'
	@touch $@

# A separate environment: atheris supports only some Pythons, so the tests do without it.
$(VENV)/.fuzz: $(VENV)/.python pyproject.toml
	@echo "installing atheris and jaxtour into $(VENV)/fuzz"
	@$(PYTHON) -m venv $(VENV)/fuzz
	@$(VENV)/fuzz/bin/python -m pip --disable-pip-version-check install --quiet --constraint constraints.txt atheris --editable '.[notebooks]'
	@touch $@

# A separate environment: euporie pins platformdirs and markdown-it-py to versions that Textual has left behind.
$(VENV)/.bench: $(VENV)/.dev benchmarks/requirements.txt
	@echo "installing what the benchmarks compare with"
	@$(PYTHON) -m venv $(VENV)/compare
	@$(VENV)/compare/bin/python -m pip --disable-pip-version-check install --quiet -r benchmarks/requirements.txt
	@touch $@
