# Real gitleaks binaries against the evaluator, by hand: make gitleaks-oracle N=5000 SEED=7
N ?= 2000
SEED ?= 1

.PHONY: gitleaks-oracle gitleaks-record
gitleaks-oracle: setup
	PYTHONPATH=tests/engines $(BIN)/python tests/engines/gitleaks/gitleaks_oracle.py --random $(N) --seed $(SEED)

# Writes tests/scanners/gitleaks/recorded.json anew, after the matrix agrees at every version.
gitleaks-record: setup
	PYTHONPATH=tests/engines $(BIN)/python tests/engines/gitleaks/gitleaks_oracle.py --record
