# Two commands: `make run` serves Houblon on http://localhost:8000, `make test` runs the tests.
# Each sets up all it needs in .venv and data/, and says plainly what it lacks.

PYTHON := $(shell for p in python3.13 python3.12 python3.11 python3; do \
	command -v $$p >/dev/null 2>&1 && $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$p; break; }; done)
BIN := .venv/bin
DATA ?= data
PORT ?= 8000

.PHONY: run test lint check coverage test-postgresql bench clean

run: .venv/houblon
	@$(BIN)/python web/assets.py
	@test -f $(DATA)/installation.json || $(BIN)/houblon init --demo --data $(DATA)
	@$(BIN)/houblon serve --data $(DATA) --port $(PORT)

test: .venv/tests lint
	@$(BIN)/python web/assets.py
	@bash .ci/browser
	@$(BIN)/python -m pytest -n 2 --dist loadgroup

# What machines can say of the code without running it; `make test` runs tests/tidy among the other tests.
check: lint
	@$(BIN)/python -m pytest tests/tidy

lint: .venv/tests houblon/engine
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

# The engine and the rules, each by its own tests alone: under 97 % of the lines and branches of either, this fails.
coverage: .venv/tests
	@failed=0; for layer in engine rules; do $(BIN)/python -m pytest tests/$$layer --cov=houblon.$$layer --cov-branch \
		--cov-report=term-missing:skip-covered --cov-fail-under=97 || failed=1; done; exit $$failed

# `houblon` is a namespace over the folders at the top: links give a plain tree to type checkers and editors.
houblon/engine:
	@for layer in engine rules orders simulation web; do ln -sfn ../$$layer houblon/$$layer; done

# The walk, and all tests of orders and of the web, with every installation's ledger on PostgreSQL.
test-postgresql: .venv/tests
	@$(BIN)/python web/assets.py
	@bash .ci/browser
	@HOUBLON_TEST_POSTGRESQL=1 $(BIN)/python -m pytest -n 2 --dist loadgroup -rs tests/orders tests/web tests/walk

# The peers are kept apart from what Houblon runs with: they are many, and none of its business.
bench: .venv-bench/ready
	@.venv-bench/bin/python web/assets.py
	@.venv-bench/bin/python -m bench

clean:
	rm -rf .venv .venv-bench node_modules web/static/vendor build *.egg-info $(addprefix houblon/,engine rules orders simulation web)

.venv/python:
	@test -n "$(PYTHON)" || { echo "Houblon needs Python 3.11 or newer: install python3.11 or later, then run make again." >&2; exit 1; }
	@$(PYTHON) -m venv .venv 2>/dev/null || { rm -rf .venv; \
		echo "Houblon needs Python's venv module: on Debian or Ubuntu, apt-get install python3-venv, then run make again." >&2; exit 1; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade pip setuptools || { \
		echo "Houblon could not reach the Python package index: check the network, then run make again." >&2; exit 1; }
	@touch $@

.venv/houblon: .venv/python setup.cfg pyproject.toml
	@echo "Installing Houblon in .venv ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e . 2>.venv/install.log || { cat .venv/install.log >&2; \
		echo "Houblon could not be installed: the lines above say which package failed." >&2; exit 1; }
	@touch $@

.venv/tests: .venv/python setup.cfg pyproject.toml
	@echo "Installing Houblon and its tests' tools in .venv ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[tests]' 2>.venv/install.log || { cat .venv/install.log >&2; \
		echo "Houblon could not be installed: the lines above say which package failed." >&2; exit 1; }
	@touch $@ .venv/houblon

.venv-bench/ready: setup.cfg pyproject.toml
	@test -n "$(PYTHON)" || { echo "Houblon needs Python 3.11 or newer: install python3.11 or later, then run make again." >&2; exit 1; }
	@echo "Installing Houblon and those it is measured beside in .venv-bench ..."
	@test -x .venv-bench/bin/python || $(PYTHON) -m venv .venv-bench
	@.venv-bench/bin/python -m pip install --quiet --disable-pip-version-check --upgrade pip setuptools 2>.venv-bench/install.log && \
		.venv-bench/bin/python -m pip install --quiet --disable-pip-version-check -e '.[tests,bench]' 2>>.venv-bench/install.log || { \
		cat .venv-bench/install.log >&2; echo "The peers could not be installed: the lines above say which package failed." >&2; exit 1; }
	@touch $@
