# `make` alone lists the targets. Every target does its own set-up.
.DEFAULT_GOAL := help
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules
# No proxy is between the parts of what runs on this machine.
export no_proxy := 127.0.0.1,$(or $(no_proxy),$(NO_PROXY))
export NO_PROXY := $(no_proxy)
# Many containers set this. The tests start hundreds of processes, and each would compile all that it imports.
unexport PYTHONDONTWRITEBYTECODE
# Go's compiler takes a tenth of its time for its garbage otherwise.
export GOGC ?= 200

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Set up once per lock: the stamp is younger than every file that decides what is installed.
READY := $(VENV)/.ready
UV := .cache/uv/bin/uv
# A file of tests is one worker's, so that what its tests share is set up once.
WORKERS := --numprocesses 6 --dist loadfile --no-loadscope-reorder
# The pure core and the components.
CORE := --quiet --numprocesses 2 --dist loadfile tests/readset_sync tests/components
# Advisories that `make audit` lets pass, each with the reason and the date.
IGNORED :=

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(READY): requirements.lock pyproject.toml sandbox/pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else f"Python 3.11 or newer is needed, and $(PYTHON) is {sys.version.split()[0]}: call make PYTHON=/path/to/python3.11")'
	@echo "Installing the locked dependencies into $(VENV) (once, a minute or two) ..."
	@$(PYTHON) -m venv --clear $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable . --editable sandbox
	@touch $@

$(UV):
	@$(PYTHON) -m venv --clear .cache/uv
	@.cache/uv/bin/python -m pip install --quiet --disable-pip-version-check uv==0.13.9

.PHONY: setup
setup: $(READY) ## Install the locked dependencies and the project into .venv
	@echo "Ready: source $(BIN)/activate"

.PHONY: demo
demo: $(READY) ## Show the whole product at work on a local AWS, without an AWS account
	@$(BIN)/python -m tools.demo

.PHONY: sandbox
sandbox: $(READY) ## Start the local AWS, with ten read sets, and print the environment to use it with
	@$(BIN)/omics-sandbox --seed $(if $(PORT),--port $(PORT))

.PHONY: engine
engine: $(READY) ## Find the Pulumi CLI, or build it from Go modules (once, about 5 minutes)
	@$(BIN)/python -m tools.engine.build

.PHONY: sdks
sdks: $(READY) ## Set up what some tests need: Pulumi's SDK generators, YAML, TypeScript, actionlint (once, 3 minutes)
	@$(BIN)/python -m tools.engine.sdks

.PHONY: browser
browser: ## Install the browser that the test of reports wants (Debian and Ubuntu, as root)
	apt-get install --yes --no-install-recommends chromium

.PHONY: test
test: ## Lint, check types and run all tests
	@$(MAKE) --silent --no-print-directory --jobs 2 $(READY) compiled
	@$(MAKE) --no-print-directory lint sdks
	@$(MAKE) --no-print-directory engine || test -z "$${CI:-}" # Without Go, the engine's tests say why they are skipped.
	@$(MAKE) --no-print-directory --jobs 2 types all-tests

# The first time, Go compiles what `sdks` links while Python's packages are fetched.
.PHONY: compiled
compiled:
	@test -e .engine/generate_sdk || ! command -v go > /dev/null || (cd tools/engine/cli && \
	  go build -o /dev/null ./generate_sdk github.com/pulumi/pulumi-yaml/cmd/pulumi-language-yaml)

.PHONY: quick
quick: $(READY) ## Lint, check types and test the pure core and the components, in less than a minute
	@$(MAKE) --no-print-directory --jobs 3 types core-tests lint

.PHONY: all-tests
all-tests: $(READY)
	@# Most tests wait for a process of their own, so that six workers are not too many for two cores.
	@$(BIN)/python -m pytest $(WORKERS)

.PHONY: core-tests
core-tests: $(READY)
	@$(BIN)/python -m pytest $(CORE)

.PHONY: shake
shake: $(READY) ## Run all tests in random order on a busy machine; SEED=123 repeats the order of a run
	@# Each loop ends with this shell, whatever ends it.
	@for _ in 1 2; do while kill -0 $$$$; do :; done 2> /dev/null & done; \
	$(BIN)/python -m pytest $(WORKERS) -p randomly $(if $(SEED),--randomly-seed=$(SEED))

.PHONY: test-lowest
test-lowest: $(UV) ## Run the quick tests with the lowest versions that pyproject.toml allows
	@$(UV) venv --quiet --clear --python $(PYTHON) .cache/lowest
	@$(UV) pip install --quiet --python .cache/lowest --resolution lowest-direct --editable '.[dev]' --editable 'sandbox[pulumi]'
	@.cache/lowest/bin/python -m pytest $(CORE)

.PHONY: test-plugin
test-plugin: engine ## Deploy the program into a local AWS with the real AWS plugin, which is downloaded
	@PATH=".engine:$$PATH" pulumi plugin install resource aws "$$($(BIN)/python -c 'from importlib.metadata import version; print(version("pulumi-aws"))')"
	@$(BIN)/python -m pytest tests/engine/test_real_plugin.py

.PHONY: in-process
in-process: $(READY) ## Run the tests of the command line that CI runs on Windows and macOS too
	@$(BIN)/python -m pytest @tests/in-process.txt

.PHONY: soak
soak: $(READY) ## Play random histories of races and faults (HISTORIES=5000, SEED=any), and hunt for mutations with them
	@$(BIN)/python -m tests.consistency.soak $(or $(HISTORIES),5000) $(SEED)

.PHONY: bench
bench: $(READY) ## Measure backfills, events, failures, growth and searches, with targets (a quarter of an hour, more on a busy machine)
	@$(BIN)/python -m benchmarks

.PHONY: lint
lint: $(READY) ## Check style, formatting, security and workflows
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/bandit --quiet --configfile pyproject.toml --recursive __main__.py hatch_build.py benchmarks cli components examples handler sandbox templates tools
	@$(BIN)/zizmor --offline --quiet .github

.PHONY: audit
audit: $(READY) ## Ask OSV for known vulnerabilities of the locked dependencies
	@# Not PyPI: a mirror of it that has no advisories would be taken for a package that has none.
	@$(BIN)/pip-audit --requirement requirements.lock --disable-pip --strict --vulnerability-service osv \
	  --aliases on --progress-spinner off $(IGNORED:%=--ignore-vuln %)

.PHONY: format
format: $(READY) ## Mend style and formatting where that can be done automatically
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

.PHONY: types
types: $(READY) ## Check types
	@$(BIN)/basedpyright

.PHONY: release-check
release-check: $(READY) ## Do all of a release but its publishing, from the last commit: make release-check VERSION=1.2.3
	@# From the environment: a tag may hold what a shell would run.
	@$(BIN)/python -m tools.release "$${VERSION-}"

.PHONY: generate
generate: $(READY) ## Write what is made from the code: arguments, configuration keys, schema, tables of the docs
	@$(BIN)/python -m tools.generate

.PHONY: docs
docs: $(READY) ## Build README and docs/ into a site, .cache/site
	@$(BIN)/python -m tools.site

.PHONY: lock
lock: $(UV) ## Renew requirements.lock from both pyproject.toml
	@$(UV) pip compile pyproject.toml sandbox/pyproject.toml --all-extras --universal --python-version 3.11 --generate-hashes --no-header --quiet --output-file requirements.lock
