# A fleet's own gates (policies run by the real conftest; with RUSTC its lints and structure tests
# too), beside evalpolicy; by hand, see docs/comparison-fleet.md:
# make compare FLEET=../fleet [RUSTC=rustc] [GIT=../fleet/.git COMMITS=20] [MUTANTS=200 SEED=1]
CONFTEST ?= $(VENV)/bin/conftest
MUTANTS ?= 0
COMMITS ?= 0
SEED ?= 1

.PHONY: compare
compare: setup $(CONFTEST)
	PYTHONPATH=tests/engines $(BIN)/python -m policies.compare $(FLEET) --conftest $(CONFTEST) --mutants $(MUTANTS) --seed $(SEED) $(if $(RUSTC),--rustc $(RUSTC)) $(if $(GATES_OF),--gates-of $(GATES_OF)) $(if $(GIT),--git $(GIT) --commits $(COMMITS)) $(if $(TIP),--tip $(TIP))

$(VENV)/bin/conftest:
	GOBIN=$(abspath $(BIN)) go install github.com/open-policy-agent/conftest@v0.56.0
