# Everything a newcomer types. Each target sets up what it needs in .venv.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin

.PHONY: help setup test demo demo-replay lint engines bench bench-hostile docs clean
help:
	@echo "make demo         check the example fleet, and a copy of it with five mistakes"
	@echo "make demo-replay  replay a recorded run in containers (docker or podman)"
	@echo "make test         run the tests"
	@echo "make engines      run the tests that need Go, docker, podman or gitleaks"
	@echo "make lint         ruff, mypy"
	@echo "make bench        time evalpolicy; writes docs/performance.md"
	@echo "make bench-hostile  time a commit hook on hostile files"
	@echo "make docs         build the documentation into site/"
	@echo "make oracle       compare with BuildKit on N generated Dockerfiles"

setup: $(VENV)/.ready

# Debian splits venv from Python; where it is missing, virtualenv from pip does as well.
$(VENV)/.ready: pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10) and "evalpolicy needs Python 3.10 or later: make PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV) || $(PYTHON) -m virtualenv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --retries 5 -e '.[dev]'
	touch $@

test: setup
	$(BIN)/python -m pytest -n auto

demo: setup
	@sh examples/demo.sh $(BIN)/evalpolicy

demo-replay: setup
	@sh examples/demo-replay.sh $(BIN)/evalpolicy

engines: setup
	EVALPOLICY_ENGINES=$${EVALPOLICY_ENGINES:-auto} $(BIN)/python -m pytest -m engine -rs

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: setup
	$(BIN)/python -m bench $(if $(FLEET),--fleet $(FLEET)) $(if $(ENGINE),--engine $(ENGINE))

bench-hostile: setup
	$(BIN)/python -m bench.hostile

docs: setup
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --retries 5 -e '.[docs]'
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet
	@echo "site/index.html, and to read it with search: $(BIN)/mkdocs serve"

clean:
	rm -rf $(VENV) build dist site .mypy_cache .pytest_cache .ruff_cache

-include *.mk
