# `make demo` and `make test` set up everything they need in .venv on a fresh machine.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable
INSTALLED := $(VENV)/installed
READY := $(VENV)/ready

.PHONY: demo test soak coverage mutation bench check docs man site dist wheels release-check lint types clean

# Without what only tests need: a keyring of theirs would answer to whoever tries the program.
demo: $(INSTALLED)
	$(BIN)/securexfer demo

test: $(READY)
	$(BIN)/python -m pytest -q -n auto --dist worksteal $(PYTEST_ARGS)

# Every case of the matrices of which `make test` runs a sample. Wants root, for FUSE and mounts.
soak: $(READY)
	rm -rf build/soak
	$(BIN)/python -m pytest -q -n auto --dist worksteal --soak --no-skips --tally build/soak tests
	$(BIN)/python -m tests.checks.mutate --tally build/soak
	$(BIN)/python -m tests.assurance soak build/soak

# Every branch of the two rooms that judge foreign bytes, as `make test` does too.
coverage: $(READY)
	$(BIN)/python -m pytest -q tests/checks/test_branches.py

# About half an hour on two cores. `MUTATION_ARGS="--only bundle.reader"` takes a part.
mutation: $(READY)
	$(BIN)/python -m tests.checks.mutate $(MUTATION_ARGS)

# Against others, in turns; a quarter of an hour. `BENCH_ARGS="--rows 400000"` makes it short,
# `BENCH_ARGS="--only peers"` takes a part; docs/performance.md says more.
bench: $(READY)
	$(BIN)/python -m bench $(BENCH_ARGS)

check: lint types test  # the docs are held to the program by tests/docs

# The pages that the program writes itself, then all of them as a site in build/site.
docs: man
	$(BIN)/python docs/generate_commands.py
	$(BIN)/python -m docs.generate_schemas
	$(MAKE) site

# One page for each command; the wheel installs them.
man: $(READY)
	$(BIN)/python docs/generate_man.py

site: $(READY)
	$(BIN)/python -m sphinx -W --keep-going -q -c docs -d build/doctrees . build/site

# Source archive and wheel in dist/, built twice and compared.
dist: $(READY)
	$(BIN)/python -m tests.release.dist

# A folder of wheels, build/wheels, to install from where there is no network.
wheels: dist
	$(BIN)/python -m tests.release.wheels

# Whether this commit can be released, as far as can be seen without testing or building.
release-check: $(READY)
	$(BIN)/python -m tests.release.check

lint: $(READY)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: $(READY)
	$(BIN)/mypy

$(INSTALLED): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(INSTALL) .
	touch $@

$(READY): pyproject.toml constraints.txt | $(INSTALLED)
	$(INSTALL) '.[dev]'
	touch $@

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis dist build
