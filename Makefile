# Everything the project needs, from Python >= 3.11 and make alone: an environment of its own in .venv, made with `python -m venv` and
# filled with pip from locked, hashed requirements. Where packages come from is pip's business (PIP_* variables are respected).

PACKAGES := escalation workers webhooks celeryconfig.py
BIN := .venv/bin
# `make PYTHON=/path/to/python3.12 test` chooses another one; otherwise the first that fits
PYTHON ?=
CANDIDATES := $(PYTHON) python3 python3.13 python3.12 python3.11 python

# A stamp is named after the contents of the requirements: installed again only when they change.
stamp = .venv/.installed-$(1)-$(shell cksum < $(1) | tr -s ' \t' '-')
DEMO_STAMP := $(call stamp,requirements.txt)
TEST_STAMP := $(call stamp,requirements-test.txt)
# the test environment holds the other one, at the same versions
RUN_STAMP := $(if $(wildcard $(TEST_STAMP)),$(TEST_STAMP),$(DEMO_STAMP))

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:
.PHONY: help demo test check bench chaos format lock clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' Makefile

demo: $(RUN_STAMP) ## watch an alert ring simulated phones (AUTO=1: plays the scripted night and checks it; FLAGS="--json")
	@$(BIN)/python -m escalation demo $(if $(filter-out 0 no false,$(AUTO)),--auto) $(FLAGS)

test: $(TEST_STAMP) ## the tests (ARGS="tests/domain -k turn": some of them; JOBS=4: more at a time; most of them wait)
	@$(BIN)/python -m pytest -q -n $(or $(JOBS),3) --dist worksteal $(ARGS)

check: $(TEST_STAMP) ## form, lint, types, dependency rule
	@wrong=0; try() { echo "== $$*"; "$(BIN)/$$@" || wrong=1; }; \
	try ruff format --check --quiet .; \
	try ruff check --quiet .; \
	try mypy --strict $(PACKAGES); \
	try lint-imports --no-cache --no-logo; \
	exit $$wrong

bench: $(TEST_STAMP) ## speed beside a floor, timers and history by the 100,000, recovery, storms, as JSON (a quarter of an hour; ARGS="--only timers --timers 1000000": docs/performance.md)
	@$(BIN)/python -m tests.bench $(ARGS)

chaos: $(TEST_STAMP) ## everything killed, frozen, emptied in turn while alerts come in; a table (ARGS="--database postgresql --broker rabbitmq": docs/chaos.md)
	@$(BIN)/python -m tests.chaos $(ARGS)

format: $(TEST_STAMP) ## put the code into form, repair what ruff can
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lock: ## resolve the requirements again; needs uv (UPGRADE=1: newest versions)
	$(LOCK) -o requirements.txt pyproject.toml
	$(LOCK) -c requirements.txt --group test -o requirements-test.txt pyproject.toml

LOCK = uv pip compile --quiet $(if $(UPGRADE),--upgrade) --universal --python-version 3.11 --generate-hashes \
	--custom-compile-command 'make lock'

clean: ## remove the environment and all caches (var/ stays: incidents live there)
	rm -rf .venv build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(DEMO_STAMP): NEEDS := requirements.txt
$(TEST_STAMP): NEEDS := requirements-test.txt
$(DEMO_STAMP) $(TEST_STAMP):
	@set -e; \
	fits='import sys, ensurepip, venv; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))'; \
	if ! $(BIN)/python -c "import pip; $$fits" 2>/dev/null; then \
	    for python in $(CANDIDATES); do if "$$python" -c "$$fits" 2>/dev/null; then found=$$python; break; fi; done; \
	    if [ -z "$${found:-}" ]; then \
	        echo "No Python from 3.11 to 3.13 with its venv module was found (on Debian: python3 and python3-venv)." >&2; exit 1; \
	    fi; \
	    rm -rf .venv; "$$found" -m venv .venv; \
	fi; \
	echo "Installing $(NEEDS) into .venv (once; a minute or so) …" >&2; \
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-input --require-hashes -r $(NEEDS); \
	rm -f .venv/.installed-$(NEEDS)-*; touch $@
