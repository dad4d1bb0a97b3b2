# The commands for contributors. Each target sets up what it needs, from requirements/*.txt.
PYTHON ?= python3
VENV ?= .venv
DEMO ?= .venv-demo
BIN := $(VENV)/bin
# The tests start Python a thousand times, which would compile everything each time.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help setup test newest oldest demo demo-replay lint lock engines bench bench-hostile kills docs clean
help:
	@echo "make demo         check the example fleet, and a copy of it with five mistakes"
	@echo "make demo-replay  replay a recorded run in containers (docker or podman)"
	@echo "make test         run the tests"
	@echo "make newest       run the tests with the newest versions that pyproject.toml allows"
	@echo "make oldest       run the tests with the oldest versions that pyproject.toml allows"
	@echo "make engines      run the tests that need Go, docker, podman or gitleaks"
	@echo "make lint         run ruff and mypy"
	@echo "make lock         update requirements/*.txt"
	@echo "make bench        measure evalpolicy and write docs/performance.md"
	@echo "make kills        kill a writing evalpolicy N times (default: 1000) and look for damaged files"
	@echo "make fuzz         test with broken and hostile input for MINUTES (default: 10), from SEED"
	@echo "make bench-hostile  measure a commit hook on hostile files"
	@echo "make docs         build the documentation into site/"
	@echo "make mutants      break N lines of evalpolicy, one at a time, and expect a test to fail"
	@echo "make oracle       compare with BuildKit on N generated Dockerfiles"

setup: $(VENV)/.dev

# A marker file per lock says that the environment has its packages.
$(VENV)/.% $(DEMO)/.%: requirements/%.txt requirements/environment.sh pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10) and "evalpolicy needs Python 3.10 or later: make PYTHON=python3.12")'
	sh requirements/environment.sh $(PYTHON) $(@D) $* --editable
	@touch $@

test: setup
	$(BIN)/python -m pytest -n auto

newest oldest: setup
	sh requirements/range.sh $(PYTHON) $@ $(BIN)/uv

demo: $(DEMO)/.runtime
	@sh examples/demo.sh $(DEMO)/bin/evalpolicy

demo-replay: $(DEMO)/.replay
	@sh examples/demo-replay.sh $(DEMO)/bin/evalpolicy

engines: setup
	EVALPOLICY_ENGINES=$${EVALPOLICY_ENGINES:-auto} $(BIN)/python -m pytest -m engine -rs \
	  -n 2 --dist loadgroup

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

lock: setup
	$(BIN)/python requirements/lock.py $(BIN)/uv

bench: setup
	$(BIN)/python -m bench $(if $(FLEET),--fleet $(FLEET)) $(if $(ENGINE),--engine $(ENGINE))

bench-hostile: setup
	$(BIN)/python -m bench.hostile

kills: setup
	$(BIN)/python -m bench.kills --kills $(or $(N),1000) --seed $(or $(SEED),1)

docs: setup $(VENV)/.docs
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet
	@echo "Open site/index.html, or run this to read it with search: $(BIN)/mkdocs serve"

clean:
	rm -rf $(VENV) $(DEMO) build dist site .mypy_cache .pytest_cache .ruff_cache

-include *.mk
