# auditor: `make audit` shows what it does, `make test` shows that it does it.
PYTHON ?= python3
# Some machines ask for no bytecode: then each of some thousand commands that the tests run would
# compile the program anew, which costs more than most of them do.
unexport PYTHONDONTWRITEBYTECODE
VENV   := .venv
BIN    := $(VENV)/bin
SHIPPED := auditor/_shipped.bin
MAKERS := $(shell find policies auditor/cel auditor/model auditor/platforms auditor/policy -name '*.yaml' -o -name '*.py')
TARGETS ?= examples/estate examples/gpu-host examples/gpu-cluster examples/vcenter
GPUS ?= $(or $(filter-out examples/estate,$(TARGETS)),$(TARGETS))
# A file of tests is one piece of work, and all that ask one control plane are one: tests/pieces.py.
PYTEST := $(BIN)/python -m pytest -n auto
# What reaches the code that decides within the processes of the tests.
COVERED := tests/unit/engine tests/unit/evidence tests/unit/policy
# Warm caches of real engines live outside the tree: see tests/engines/README.md.

.PHONY: help install dev audit engines test test-unit test-fast test-long coverage lint format docs bench bench-all findings clean

help:  ## this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

$(VENV)/.dev: $(VENV)/.installed requirements-dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --requirement requirements-dev.txt
	@touch $@

# What the policies amount to, so that no command has to read and compile them; without it, it does.
$(SHIPPED): $(VENV)/.installed $(MAKERS)
	-@$(BIN)/python -m auditor.policy.build

install: $(VENV)/.installed $(SHIPPED)  ## install into .venv

dev: $(VENV)/.dev $(SHIPPED)  ## install what the tests need as well

audit: install  ## audit the example, or TARGETS="a/ b.yaml"; verify and replay its bundle; who shares a GPU
	@mkdir -p build/audit && rm -rf build/audit/bundle
	@$(BIN)/auditor scan $(TARGETS) -o json=build/audit/results.json --output build/audit/bundle; code=$$?; \
	if [ $$code -gt 1 ] && [ $$code -ne 3 ]; then exit $$code; fi; \
	$(BIN)/auditor keys export > build/audit/public.pem && \
	echo && $(BIN)/auditor verify build/audit/bundle --key build/audit/public.pem && \
	echo && $(BIN)/auditor replay build/audit/bundle && \
	echo && echo "The same without this program:" && \
	$(BIN)/auditor verify build/audit/bundle --key build/audit/public.pem --recipe && \
	echo && echo "Who shares a GPU with whom, in $(GPUS):" && \
	{ $(BIN)/auditor gpus $(GPUS) || [ $$? -eq 3 ]; } && \
	echo && echo "The job ran: build/audit/results.json, build/audit/bundle. The verdict's exit code is $$code."

lint: dev  ## style, types, architecture, dependencies
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/deptry .

test-unit: dev  ## what needs no process and no engine: a minute or two
	$(PYTEST) -m 'not long and not engine and not process' tests/unit tests/contract tests/policies tests/docs

test: lint engines  ## everything that must hold, on real engines
	$(PYTEST) -p tests.measured -m 'not long'

test-fast: dev  ## without engines
	$(PYTEST) -m 'not long and not engine'

coverage: dev  ## how much of what decides the unit tests reach, against a floor
	$(PYTEST) -p tests.measured -q -m 'not long and not engine' $(COVERED)

test-long: dev engines  ## the whole of every sweep
	$(PYTEST) -m 'long or hypothesis'

engines: dev  ## build the real engines, where the cache lacks them
	$(BIN)/python -m tests.engines.build

format: dev  ## format the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

docs: dev  ## regenerate docs/rules, help blocks and schemas
	$(BIN)/python -m tests.docs.generate

bench: dev  ## ratios against floors and peers, as many as half an hour has room for
	$(BIN)/python benchmarks/run.py --pairs 3 --minutes 22

bench-all: dev  ## the same, all of it
	$(BIN)/python benchmarks/run.py

FINDINGS ?= $(sort $(wildcard findings/*.sh))
findings:  ## what surprised us of other software is still so (minutes; needs the registries)
	@for each in $(FINDINGS); do echo "== $$each"; bash "$$each" || failed="$$failed $$each"; done; \
	if [ -n "$$failed" ]; then echo "changed:$$failed" >&2; exit 1; fi

clean:
	rm -rf build dist $(SHIPPED) $(VENV)
