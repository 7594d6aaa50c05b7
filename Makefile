# Every target sets up what it needs. `make help` lists them.
SHELL := bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
FAULTS ?= ../shared/faults

.DEFAULT_GOAL := help
.PHONY: help venv test lint unit demo docs bench faults tools clean

help: ## list the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

venv: $(STAMP) ## make the virtual environment

$(STAMP): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Tocsin needs Python 3.11 or newer; set PYTHON=python3.12"; exit 2; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable . --group dev
	@touch $@

test: $(STAMP) lint ## prove it: lint, types, layers, drift, all tests
	$(BIN)/python -m pytest

lint: $(STAMP) ## ruff, mypy, import-linter
	$(BIN)/ruff check exporter tests
	$(BIN)/mypy
	$(BIN)/lint-imports

unit: $(STAMP) ## the fast tests
	$(BIN)/python -m pytest tests/unit

demo: $(STAMP) ## a simulated application lives through four incidents
	$(BIN)/tocsin demo

docs: $(STAMP) ## regenerate what is generated
	$(BIN)/python -m tocsin.catalogue > exporter/METRICS.md

bench: $(STAMP) ## ingest and scrape beside their peers, ratios in one run
	$(BIN)/python bench/run.py

faults: $(STAMP) ## the black-box fault harness against `tocsin run`; FAULTS=its folder
	cd $(FAULTS) && PATH="$(CURDIR)/$(BIN):$$PATH" python tailfault.py --subject $(CURDIR)/tests/faults/subject-tocsin.json --case all

tools: ## build the pinned outside tools into .tools/bin (needs Go)
	tools/build

clean: ## remove what was made
	rm -rf $(VENV) .tools .mypy_cache .ruff_cache .pytest_cache
