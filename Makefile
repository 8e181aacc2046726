# The two commands: `make demo` and `make test`. Everything else below is for people who work on the code.
#   ONCE=1       make demo: do the whole job, print a summary, end
#   MAIL=DIR     make demo: deliver every .eml below DIR as well
#   ONLY=NAME    make bench: one benchmark only
#   ARGS="..."   make test: arguments for pytest
PYTHON ?= $(firstword $(foreach p,python3.13 python3.12 python3.11 python3.14 python3,$(if $(shell $(p) -c 'import sys,venv,ensurepip;sys.exit(sys.version_info<(3,11))' 2>/dev/null && echo y),$(p))))
VENV ?= .venv
BIN := $(VENV)/bin
export SERVERSYNC_DATA ?= $(CURDIR)/build/data
export PIP_DISABLE_PIP_VERSION_CHECK = 1

.PHONY: demo test browser pictures fuzz histories check fix bench clean lock run dev

# MAIL counts on the command line only: log-in shells set a variable of this name to the user's mail spool.
demo: $(VENV)/.run
	$(BIN)/serversync demo $(if $(ONCE),--once) $(if $(filter command,$(origin MAIL)),--mail "$(MAIL)")

test: $(VENV)/.dev browser
	$(BIN)/python -m pytest $(ARGS)

# The browser tests need Debian's chromium: installed where that is allowed, otherwise they skip and say so.
browser:
	@command -v chromium >/dev/null || { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium fonts-dejavu-core >/dev/null; } || echo "The browser tests are skipped: install Debian's chromium (apt-get install chromium)."

pictures: $(VENV)/.dev browser
	SERVERSYNC_PICTURES=1 $(BIN)/python -m pytest tests/browser -n 0 -p no:randomly

# A long run of the tests that damage answers: each with 20,000 examples, and the seed printed where one fails.
fuzz: $(VENV)/.dev
	$(BIN)/python -m pytest tests/property/exchange --hypothesis-profile=fuzz --timeout 3600 $(ARGS)

# A long run of histories of two sides kept in step; a failure prints its seed and how to repeat it.
histories: $(VENV)/.dev
	SERVERSYNC_HISTORIES=500000 $(BIN)/python -m pytest tests/property/act -n 0 --timeout 14400 $(ARGS)

check: $(VENV)/.dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m serversync.manage makemigrations --check --dry-run

fix: $(VENV)/.dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(VENV)/.dev
	$(BIN)/python -m benchmarks $(if $(ONLY),--only $(ONLY))

run: $(VENV)/.run
dev: $(VENV)/.dev

$(VENV)/bin/python:
	@test -n "$(PYTHON)" || { echo "serversync needs Python 3.11 or later with its venv module (Debian and Ubuntu: apt install python3-venv). Set PYTHON=/path/to/python3 if it is not on the PATH."; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.run: requirements/run.txt pyproject.toml | $(VENV)/bin/python
	$(BIN)/pip install --quiet --require-hashes -r requirements/run.txt
	$(BIN)/pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.dev: requirements/dev.txt $(VENV)/.run
	$(BIN)/pip install --quiet --require-hashes -r requirements/dev.txt
	@touch $@

# Pin what pyproject.toml asks for, with hashes (needs uv on the PATH); UPGRADE=1 takes newer versions of everything.
COMPILE = uv pip compile $(if $(UPGRADE),--upgrade) --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --custom-compile-command "make lock" --quiet
lock:
	$(COMPILE) pyproject.toml requirements/build.in -o requirements/run.txt
	$(COMPILE) --extra dev pyproject.toml requirements/build.in -c requirements/run.txt -o requirements/dev.txt

clean:
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .coverage
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
