# The judges of Dockerfiles by hand: `make oracle N=10000 SEED=7 JUDGE=docker`, or with FOLDER=… the
# Dockerfiles in a folder.
N ?= 10000
SEED ?= 1
JUDGE ?= buildkit

.PHONY: oracle
oracle: setup
	PYTHONPATH=tests/engines $(BIN)/python -m dockerfile_oracle $(JUDGE) -n $(N) --seed $(SEED) $(if $(FOLDER),--folder $(FOLDER))
