# Mutation testing: `make mutants N=200 SEED=1`. (oracle.mk has another N by default.)
.PHONY: mutants
mutants: setup
	$(BIN)/python -m bench.mutants --number $(if $(filter command,$(origin N)),$(N),200) --seed $(SEED)
