# Every target sets up what it needs. `make help` lists them.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
# Container images set it; then each of the hundreds of Pythons that tests start would compile all its imports again.
unexport PYTHONDONTWRITEBYTECODE

# The first interpreter that is new enough; to choose another: make PYTHON=python3.13 ...
PYTHON ?= $(shell for p in python3 python3.11 python3.12 python3.13 python3.14; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
VENV ?= .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
# Creates environments with half of pip's CPU time, if `tools/install.sh uv` installed it; otherwise pip is used. Both
# compile bytecode, as each start would have to do so in a read-only environment.
UV := $(shell [ -x .tools/bin/uv ] && echo .tools/bin/uv)
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
# The versions of all installed packages, for each Python of CI: warnings are errors, and new releases bring new ones.
PINS := tools/constraints/venv.txt
# Outside the checkout, so that a clean one reuses mypy's results for unchanged files (20 s of CPU).
export MYPY_CACHE_DIR ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/tocsin/mypy
PYTEST_ARGS ?=
# More than there are cores: tests with real servers mostly wait.
WORKERS ?= $(shell echo $$(($$(nproc) + 2)))
BENCH_EVENTS ?= 60000
# The black-box fault suite is not part of this repository; `make faults` says so if it is missing.
FAULT_SUITE ?= ../shared/faults
FAULT_SEEDS ?= 25

.PHONY: help
help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: demo
demo: venv ## run a simulated application through four incidents
	@tools/install.sh --quick prometheus promtool alertmanager
	$(BIN)/tocsin demo

.PHONY: pictures
pictures: venv ## take the README's picture of the status page, from the demo (four minutes)
	@tools/install.sh prometheus promtool alertmanager chromium
	$(BIN)/python tools/pictures.py

.PHONY: sizing
sizing: venv ## measure the figures of docs/sizing.md: CPU per call, memory, disk
	$(BIN)/python tools/sizing.py

.PHONY: incidents
incidents: venv ## run every incident through backtest and write its figures into the README
	@tools/install.sh promtool
	INCIDENTS=all $(BIN)/python -m pytest tests/incidents
	$(BIN)/python tests/incidents/figures.py

.PHONY: test
test: venv tools lint ## set up, check and test everything
	@printf '\n== tests\n'
	$(BIN)/python -m pytest --numprocesses $(WORKERS) --dist loadfile --no-loadscope-reorder $(PYTEST_ARGS)

.PHONY: unit
unit: venv ## run only the unit tests
	$(BIN)/python -m pytest --numprocesses auto --dist loadfile tests/unit $(PYTEST_ARGS)

# 5.6 GB and over a minute to install: not part of `make test`.
.PHONY: test-detoxify
test-detoxify: venv ## test the extra detoxify with the real package, in a separate environment
	@CI=true tools/install.sh detoxify
	PYTHONPATH=exporter .tools/detoxify/bin/python -m pytest --noconftest -p no:cacheprovider tests/detoxify $(PYTEST_ARGS)

.PHONY: lint
lint: venv ## check style (ruff), types (mypy --strict) and layers (import-linter)
	@printf '\n== style\n'
	$(BIN)/ruff check .
	@printf '\n== types\n'
	$(BIN)/mypy
	@printf '\n== layers\n'
	$(BIN)/lint-imports --no-cache --no-logo

.PHONY: docs
docs: venv ## regenerate the generated documents
	$(BIN)/python -m tocsin.catalogue > exporter/METRICS.md
	$(BIN)/python -m tocsin.detectors.score > exporter/QUALITY.md
	$(BIN)/python -m tocsin.evaluation.report README.md
	$(BIN)/python -m tocsin.bundle > rules/ALERTS.md
	$(BIN)/python tools/valuesschema.py
	@CI=true tools/install.sh helm-docs
	.tools/bin/helm-docs --chart-search-root helm --log-level warning

.PHONY: bundle
bundle: venv ## compile the rules, the dashboards and the chart's copies of them
	$(BIN)/tocsin bundle build --dashboards dashboards/out --chart helm/tocsin/files

.PHONY: preview
preview: venv ## draw every dashboard with the demo's data into docs/pictures (five minutes)
	@tools/install.sh --quick prometheus promtool alertmanager chromium
	$(BIN)/python tools/preview

.PHONY: eval
eval: venv ## evaluate the detectors on the shipped texts; fails below their floors
	$(BIN)/tocsin eval

.PHONY: bench
bench: venv ## benchmark against peers and limits (BENCH_EVENTS=60000)
	@tools/install.sh --optional mtail prometheus blocks litellm
	$(BIN)/python bench --events $(BENCH_EVENTS)

# Uses containers, cgroups, a bridge and links below /var/log on this machine: not part of `make test`.
.PHONY: node
node: venv ## run the chart's pods, with an image built from the Dockerfile, on a local node (root; three to six minutes)
	@CI=true tools/install.sh buildah mmdebstrap containerd ctr runc cni kubelet etcd kube-apiserver kube-controller-manager \
		kubectl helm3
	NODE=yes $(BIN)/python -m pytest tests/node $(PYTEST_ARGS)

.PHONY: faults
faults: venv ## run the black-box fault suite (FAULT_SUITE=folder, FAULT_SEEDS=25)
	PATH="$(CURDIR)/$(BIN):$$PATH" tests/faults/run.sh "$(FAULT_SUITE)" "$(FAULT_SEEDS)"

.PHONY: tools
tools: venv ## install the pinned external tools that tests use into .tools/bin
	@tools/install.sh prometheus promtool alertmanager amtool chromium litellm \
		prometheus-oldest promtool-oldest alertmanager-oldest amtool-oldest \
		helm3 helm4 helm-docs kubeconform kubernetes-schemas etcd kube-apiserver kube-controller-manager kubectl prometheus-operator \
		hadolint cyclonedx-py image-root sdks otelcol

# --python-version is the base image's; both files are for its Linux on any processor.
.PHONY: lock
lock: venv ## update the pins of Python packages: the image's (exporter/image/*.txt) and the tests' (tools/constraints)
	@CI=true tools/install.sh uv
	for target in "pyproject.toml --extra prices --extra encryption --extra tokens --output-file exporter/image/requirements.txt" \
		"exporter/image/build-requirements.in --allow-unsafe --output-file exporter/image/build-requirements.txt"; do \
		.tools/bin/uv pip compile --quiet --upgrade --python-version 3.13 --python-platform linux --no-python-downloads \
			--generate-hashes --no-emit-index-url --no-annotate --no-header $$target; done
	CI=true tools/install.sh --lock venv uv litellm sdks presidio detoxify hadolint cyclonedx-py

.PHONY: sbom
sbom: venv ## write dist/sbom.cdx.json: the image's packages, from its lock (the image has one of what is installed)
	@CI=true tools/install.sh cyclonedx-py
	@mkdir -p dist
	.tools/bin/cyclonedx-py requirements --pyproject pyproject.toml --output-reproducible --output-format JSON \
		--output-file dist/sbom.cdx.json exporter/image/requirements.txt

.PHONY: venv
venv: $(STAMP) ## create .venv with the package and its test dependencies

$(STAMP): pyproject.toml $(PINS)
	@test -n "$(PYTHON)" || { echo 'Tocsin needs Python 3.11 or newer, and PATH has none'; exit 2; }
	@printf '== environment (%s)\n' "$$($(PYTHON) --version)"
ifneq ($(UV),)
	@$(UV) venv --quiet --clear --python $(PYTHON) $(VENV)
	@$(UV) pip install --quiet --compile-bytecode --python $(BIN)/python --constraint $(PINS) --build-constraint $(PINS) --editable . --group dev
else
	@$(PYTHON) -m venv --clear $(VENV) || { echo 'Python has no venv; on Debian: apt-get install python3-venv'; exit 2; }
	$(PIP) --constraint $(PINS) --upgrade pip
	$(PIP) --constraint $(PINS) --build-constraint $(PINS) --editable . --group dev
endif
	@$(BIN)/python -m compileall -q exporter/tocsin
	@touch $@

.PHONY: clean
clean: ## remove everything that the other targets create in the checkout
	rm -rf .venv .venv-3.* .tools .pytest_cache .mypy_cache .ruff_cache .hypothesis bench/results
