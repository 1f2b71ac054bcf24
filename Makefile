# Everything is installed into and run from $(VENV). PYTHON=... chooses the interpreter.
VENV ?= .venv
PYTHON ?= $(shell for python in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$python -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 15))' 2>/dev/null \
	&& echo $$python && break; done)
ARGS ?=

BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
PACKAGING := setup.cfg pyproject.toml

.DEFAULT_GOAL := help
.PHONY: help demo test check format docs bench

help: ## list the targets
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 16

demo: $(VENV)/.core ## run the main job (Tohoku 2011) from bathymetry to pictures
	$(BIN)/exacouple demo $(ARGS)

test: $(VENV)/.dev ## run the tests and doctests with branch coverage
	$(BIN)/python -m pytest --cov $(ARGS)

check: $(VENV)/.dev ## run the linter, the format check and the type check
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(VENV)/.dev ## format the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: $(VENV)/.docs ## build the documentation into docs/_build/html
	$(BIN)/sphinx-build -q -W --keep-going -b html docs docs/_build/html
	@echo "documentation: docs/_build/html/index.html"

bench: $(VENV)/.core ## run the benchmarks
	@for script in tools/bench/*.py; do echo "$$script"; $(BIN)/python "$$script" || exit 1; done

$(VENV)/.made:
	@test -n "$(PYTHON)" || { echo "error: no Python 3.11 to 3.14 found: apt-get install python3" \
		"(or give one: make PYTHON=...)" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || { $(PYTHON) -c 'import sys; \
		sys.exit("error: $(PYTHON) cannot make virtual environments: " \
		"apt-get install python%d.%d-venv" % sys.version_info[:2])'; }
	$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.core: $(VENV)/.made $(PACKAGING)
	@echo "installing exacouple into $(VENV), this takes a minute or more"
	$(PIP) install --quiet --editable .
	@touch $@

$(VENV)/.dev: $(VENV)/.made $(PACKAGING)
	@echo "installing exacouple and its development tools into $(VENV), this takes a minute or more"
	$(PIP) install --quiet --editable '.[dev]'
	@touch $@

$(VENV)/.docs: $(VENV)/.made $(PACKAGING)
	@echo "installing exacouple and Sphinx into $(VENV), this takes a minute or more"
	$(PIP) install --quiet --editable '.[docs]'
	@touch $@
