# A fleet's own policies, run by the real conftest, beside evalpolicy; by hand:
# make compare FLEET=../fleet [GIT=../fleet/.git COMMITS=20] [MUTANTS=200 SEED=1]
CONFTEST ?= $(VENV)/bin/conftest
MUTANTS ?= 0
COMMITS ?= 0
SEED ?= 1

.PHONY: compare
compare: setup $(CONFTEST)
	PYTHONPATH=tests/engines $(BIN)/python -m policies.compare $(FLEET) --conftest $(CONFTEST) --mutants $(MUTANTS) --seed $(SEED) $(if $(GIT),--git $(GIT) --commits $(COMMITS)) $(if $(TIP),--tip $(TIP))

$(VENV)/bin/conftest:
	GOBIN=$(abspath $(BIN)) go install github.com/open-policy-agent/conftest@v0.56.0
