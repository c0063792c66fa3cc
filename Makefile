# Everything a developer types. `make` alone explains itself.
#
#   PYTHON=/path/to/python3.12   which interpreter builds the environment (default: the first on PATH that will do)
#   VENV=/elsewhere              where the environment lives (default: .venv)
#   ARGS="..."                   handed on to the command: make test ARGS="-k leader"

VENV ?= .venv
ARGS ?=
BIN := $(VENV)/bin
CODE := clusterctl agentd schedd tests bench docs
PIP := PIP_DISABLE_PIP_VERSION_CHECK=1 $(BIN)/python -m pip -qq

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo up test simulate check style lint types walls house mutants bench tower screenshots format lock clean

help: ## This text
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(VENV)/.run ## A whole cluster on this machine, a small real workload, a summary; leaves nothing running
	@$(BIN)/clusterctl demo $(ARGS)

up: $(VENV)/.run ## A cluster on this machine until Ctrl-C: Postgres, Valkey, the scheduler and workers
	@$(BIN)/clusterctl up $(ARGS)

test: $(VENV)/.dev ## All tests, four at a time: two cores are enough, for half of the time each waits for others
	@$(BIN)/python -m pytest -q -n 3 --dist worksteal $(ARGS)

simulate: $(VENV)/.dev ## 2,000 histories of a cluster full of accidents (ARGS="--seeds 100 --first 7")
	@$(BIN)/python -m tests.simulation --seeds 2000 $(ARGS)

check: style lint types walls house ## Format, lint, types, import laws, house tests: what needs no cluster

style: $(VENV)/.dev
	@$(BIN)/ruff format --check --quiet $(CODE) || { echo "make: 'make format' mends this" >&2; exit 1; }

lint: $(VENV)/.dev
	@$(BIN)/ruff check --quiet $(CODE)

types: $(VENV)/.dev
	@$(BIN)/mypy

walls: $(VENV)/.dev
	@$(BIN)/lint-imports

house: $(VENV)/.dev
	@$(BIN)/python -m pytest -q tests/house $(ARGS)

mutants: $(VENV)/.dev ## Make every deliberate fault in a copy of the tree, and see that tests catch it
	@$(BIN)/python -m tests.mutants $(ARGS)

bench: $(VENV)/.dev $(VENV)/.bench ## Measure, beside others that do the same: JSON, then the targets (ARGS=--help)
	@$(BIN)/python -m bench $(ARGS)

tower: $(VENV)/.dev ## Half an hour of faults against real processes, and a verdict (ARGS="--seconds 60")
	@$(BIN)/python -m tests.tower --seconds 1800 --seed 7 --faults-every 20 $(ARGS)

screenshots: $(VENV)/.dev ## Draw the pictures of the console in docs/pictures anew, from an hour played in a lab
	@$(BIN)/python -m docs.screenshots

format: $(VENV)/.dev ## Format the code and sort its imports
	@$(BIN)/ruff check --quiet --select I --fix $(CODE)
	@$(BIN)/ruff format --quiet $(CODE)

lock: $(VENV)/.dev ## Renew the lock files (ARGS=--upgrade takes the newest that pyproject.toml allows)
	@$(BIN)/python -m venv $(VENV)/lock && $(VENV)/lock/bin/python -m pip -qq install uv
	@for extras in "--extra embedded > requirements.lock" \
	  "--extra embedded --extra gpu --extra dev > requirements-dev.lock" \
	  "--extra bench --constraint requirements-dev.lock > requirements-bench.lock"; do \
	  $(VENV)/lock/bin/uv pip compile -q pyproject.toml --group build $${extras%%>*} $(ARGS) -o $${extras##*> } \
	    --universal --generate-hashes --no-header --no-annotate --no-emit-index-url; \
	done

clean: ## Remove the environment and all caches
	rm -rf $(VENV) .ci/venv .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis dist
	find $(wildcard $(CODE)) -name __pycache__ -prune -exec rm -rf {} +

# --- The environment: rebuilt when what it is made of changes. All that is downloaded is checked against the lock.

$(VENV)/.run: pyproject.toml requirements.lock
	@$(call create)
	@$(call install,requirements.lock,1 minute)

$(VENV)/.dev: $(VENV)/.run requirements-dev.lock
	@$(call install,requirements-dev.lock,1 minute)

# Apart from what tests need: it is large, and not every platform has it. Without it there is one peer less.
$(VENV)/.bench: $(VENV)/.dev requirements-bench.lock
	@{ $(call install,requirements-bench.lock,10 seconds); } || echo "make: going on without HyperQueue" >&2

# The first interpreter that is new enough and can make environments; a broken environment is made anew.
define create
for python in $(PYTHON) $(if $(PYTHON),,python3 python3.14 python3.13 python3.12 python3.11); do \
  $$python -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2> /dev/null && break; python=; \
done; \
test -n "$$python" || { \
  echo "make: clusterctl needs Python 3.11 or newer, with venv (on Debian: apt install python3-venv)." >&2; \
  echo "make: found $$($(or $(PYTHON),python3) --version 2>&1 || true). Elsewhere? make PYTHON=/path/to/python3" >&2; \
  exit 1; }; \
$(BIN)/python -c 'import pip' 2> /dev/null || { rm -rf $(VENV); $$python -m venv $(VENV); }
endef

define install
echo "make: installing $(1) into $(VENV), about $(2)" >&2; \
$(PIP) install --no-deps --require-hashes -r $(1) && \
$(PIP) install --no-deps --no-build-isolation -e . && \
touch $@
endef
