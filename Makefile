# Everything lives in .venv: the first `make` of a kind installs, the next ones only start.
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet --constraint constraints.txt

.PHONY: tour test check bench snapshots picture wheel clean

tour: $(VENV)/.tour
	@$(BIN)/jaxtour

test: $(VENV)/.dev
	$(BIN)/python -m pytest

check: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/.bench
	$(BIN)/python -m benchmarks --compare $(VENV)/compare/bin

snapshots: $(VENV)/.dev
	$(BIN)/python -m pytest tests/tui --snapshot-update

picture: $(VENV)/.tour
	$(BIN)/jaxtour snapshot vmap/jit --size 140x40 --run -o docs/tour.svg

wheel: $(VENV)/.dev
	$(BIN)/python -m build --no-isolation

clean:
	rm -rf $(VENV) dist build

$(VENV)/.python:
	@test -n "$(PYTHON)" || { echo "jaxtour needs Python 3.11 or newer: install it, or name one with make PYTHON=/path/to/python3.12" >&2; exit 2; }
	@echo "making $(VENV) with $$($(PYTHON) --version)"
	@$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.tour: $(VENV)/.python pyproject.toml constraints.txt
	@echo "installing jax, textual and jaxtour into $(VENV)"
	@$(PIP) --editable .
	@touch $@

$(VENV)/.dev: $(VENV)/.tour
	@echo "installing what the tests need"
	@$(PIP) --editable '.[dev]'
	@touch $@

# An environment of its own: euporie holds platformdirs and markdown-it-py at versions that Textual has left.
$(VENV)/.bench: $(VENV)/.dev benchmarks/requirements.txt
	@echo "installing what the benchmarks compare with"
	@$(PYTHON) -m venv $(VENV)/compare
	@$(VENV)/compare/bin/python -m pip --disable-pip-version-check install --quiet -r benchmarks/requirements.txt
	@touch $@
