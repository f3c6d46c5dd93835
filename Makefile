# `make up` and `make test` do everything a fresh Debian or Ubuntu machine with git, make and python3 needs.

SHELL := /bin/sh
PY := .venv/bin/python
RUN := .venv/.installed-run
DEV := .venv/.installed-dev
WORKFLOWS ?= my-workflows
# Tests wait more than they compute, so there are more of them than cores; a file's tests stay together, for they share
# servers, and the longest files begin first (tests/longest_first.py).
WORKERS ?= 4
PYTEST = $(PY) -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder

# Start-up time depends on compiled bytecode; an environment that forbids to write it would slow every test down.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help up test test-fast cluster cluster-down image lint bench docs generate lock clean

help:  ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

up: $(RUN)  ## Run Windlass on the examples, in a git repository of your own (ARGS="--listen 127.0.0.1:8000")
	@scripts/workflows.sh "$(WORKFLOWS)"
	@exec $(PY) scripts/up.py "$(WORKFLOWS)" $(ARGS)

test: $(DEV)  ## Install what the tests need, then run all of them (PYTEST_ARGS="-k loader" to choose)
	@scripts/test-deps.sh
	$(PYTEST) $(PYTEST_ARGS)

test-fast: $(DEV)  ## The tests without tests/slow: under two minutes
	@scripts/test-deps.sh fast
	$(PYTEST) --ignore tests/slow $(PYTEST_ARGS)

cluster: $(DEV)  ## A real Kubernetes of one node, for trying things out and for the tests (WINDLASS_CLUSTER=folder)
	@scripts/test-deps.sh
	@$(PY) -m scripts.cluster up

cluster-down: $(DEV)  ## End it, without a trace
	@$(PY) -m scripts.cluster down

image: $(DEV)  ## Our own image as an archive, without an engine (ARGS="--name windlass:1.0 --output windlass.tar")
	@$(PY) -m deploy.image.build $(ARGS)

lint: $(DEV)  ## Style, types, layers, generated files, documentation
	@scripts/lint.sh

bench: $(DEV)  ## Measure, and write bench/RESULTS.md (ARGS=check for one part)
	$(PY) -m bench --write $(ARGS)

docs: $(DEV)  ## Build the documentation site into site/
	@scripts/docs.sh site

generate: $(DEV)  ## Write the generated files anew: JSON Schemas, reference pages
	@scripts/generate.sh

lock: $(DEV)  ## Resolve the dependencies anew (ARGS=--upgrade for newer ones)
	@scripts/lock.sh $(ARGS)

clean:  ## Remove .venv, caches and built files; my-workflows stays
	rm -rf .venv site dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find controller schemas tests bench -name __pycache__ -prune -exec rm -rf {} +

$(RUN): requirements.lock pyproject.toml scripts/venv.sh
	@scripts/venv.sh run

$(DEV): requirements-dev.lock pyproject.toml scripts/venv.sh
	@scripts/venv.sh dev
