# GPO's four lines: make demo | make test | make check | make bench. `make help` lists them all.
#
# Without an NVIDIA card, save two gigabytes of download on Linux:
#   PIP_EXTRA_INDEX_URL=https://download.pytorch.org/whl/cpu make demo

PYTHON ?= python3
WORKERS ?= 2

# One thread a process: with the default, every library here ran 3 to 5 times slower on two busy cores.
export OMP_NUM_THREADS ?= 1
export PIP_DISABLE_PIP_VERSION_CHECK := 1

BIN := .venv/bin
READY := .venv/ready
SOURCES := gpo.py agents demos environments training tests

.DEFAULT_GOAL := help
.PHONY: help install demo test test-all check battery bench clean

help:  ## list these targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## */\t/' | expand -t 12

install: $(READY)  ## make the virtual environment .venv

demo: $(READY)  ## from recorded people to a better teammate (about 4 minutes)
	@$(BIN)/gpo demo

test: $(READY)  ## the tests
	@$(BIN)/python -m pytest -q -n $(WORKERS) --dist loadfile

test-all: $(READY)  ## the tests, the slow ones too
	@$(BIN)/python -m pytest -q -n $(WORKERS) --dist loadfile -m "not bench"

check: $(READY)  ## lint, format, types, import rules
	@$(BIN)/ruff check --quiet $(SOURCES)
	@$(BIN)/ruff format --check --quiet $(SOURCES) \
	    || { echo "Not formatted; type: $(BIN)/ruff format $(SOURCES)"; exit 1; }
	@$(BIN)/mypy --no-error-summary
	@$(BIN)/python -m pytest -q --no-header tests/test_house.py

battery: $(READY)  ## kills, damage, hostile files and environments; prints a table (under 20 minutes)
	@$(BIN)/python -m pytest -q --no-header -n $(WORKERS) --dist loadfile -m battery

bench: $(READY)  ## measure the speeds (nothing else should run)
	@$(BIN)/python -m pytest tests/benchmarks -m bench -s -q --no-header -p no:xdist

clean:  ## remove the virtual environment and the caches; runs and datasets stay
	rm -rf .venv build *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Two lines, because pip cannot resolve them together: imitation 1.0.1 pins Gymnasium 0.29 and
# Stable-Baselines3 2.2 (it runs on the releases we use; tests/test_imitation.py runs each part), and
# overcooked-ai, of which we only read the recorded games, asks for the old gym, whose build fails.
$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	    echo "GPO needs Python 3.11 or newer as '$(PYTHON)'; type for instance: make $(MAKECMDGOALS) PYTHON=python3.12" >&2; \
	    exit 1; }
	@echo "Making .venv (once; a few minutes, mostly download)"
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip uninstall --quiet --yes imitation overcooked-ai 2>/dev/null
	@$(BIN)/python -m pip install --quiet -c constraints.txt -e ".[dev]"
	@$(BIN)/python -m pip install --quiet --no-deps imitation==1.0.1 overcooked-ai==1.1.0
	@touch $@
