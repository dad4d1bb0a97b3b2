# Broken and hostile input for every reader, the engine, the reporters and the servers:
# make fuzz MINUTES=10 SEED=1 [TARGET="yaml toml"]; INPUTS=20000 stops at so many a target.
MINUTES ?= 10
SEED ?= 1

.PHONY: fuzz
fuzz: setup
	$(BIN)/python -m bench.fuzz --minutes $(MINUTES) --seed $(SEED) $(if $(INPUTS),--inputs $(INPUTS)) $(TARGET:%=--target %)
