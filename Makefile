# Two commands do all the set-up: `make demo` and `make test`. Nothing is installed outside .venv, except that
# `make test` asks the system's package manager for a browser when there is none.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
TORCH ?= torch==2.13.0
DATA_FOLDER ?= .shopkeeper
PORT ?= 8000

# Tests start many programs: each would compile all modules anew where bytecode may not be kept.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test lint format bench docs lock clean

demo: $(VENV)/.base
	$(BIN)/shopkeeper models pull htmx || true
	$(BIN)/shopkeeper --data-folder $(DATA_FOLDER) serve --demo --port $(PORT)

test: $(VENV)/.dev
	sh tests/browser.sh
	$(BIN)/shopkeeper models pull htmx || true
	$(BIN)/shopkeeper models pull axe || true
	$(BIN)/shopkeeper models pull smollm2-135m || true
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

lint: $(VENV)/.dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

format: $(VENV)/.dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(VENV)/.dev
	$(BIN)/python -m benchmarks all

docs: $(VENV)/.base
	$(BIN)/python -m shopkeeper.cli.reference > docs/commands.md

# Pins with hashes, from the ranges in pyproject.toml.
lock:
	uv pip compile --quiet --generate-hashes --no-emit-index-url --no-header --python-version 3.11 \
		pyproject.toml -o requirements/base.txt
	uv pip compile --quiet --generate-hashes --no-emit-index-url --no-header --python-version 3.11 \
		--extra dev --extra train --no-emit-package torch pyproject.toml -o requirements/dev.txt

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "shopkeeper needs Python 3.11 or later: make demo PYTHON=/path/to/python3.11"; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.base: $(VENV)/bin/python requirements/base.txt pyproject.toml
	$(PIP) --require-hashes -r requirements/base.txt
	$(PIP) --no-deps -e .
	@touch $@

# torch first and without a hash: which build fits (CPU or some CUDA) is the machine's to say.
$(VENV)/.dev: $(VENV)/.base requirements/dev.txt
	$(PIP) $(TORCH)
	$(PIP) --require-hashes -r requirements/dev.txt
	@touch $@

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis
