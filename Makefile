# Every chore has one command; each does its own set-up, once.

PYTHON := .venv/bin/python
RUN_STAMP := .venv/.installed-run
DEV_STAMP := .venv/.installed-dev
# Passed on: make run ARGS="--config my.toml", make test ARGS="-k hours"
ARGS ?=
# Three workers, as most tests wait for servers more than they compute; a file's tests stay together and in order.
PYTEST := $(PYTHON) -m pytest --numprocesses 3 --dist loadfile

.DEFAULT_GOAL := help
.PHONY: help reference run demo test check lint types layers supply artefacts rules bench drill soak lock clean servers

help:  ## list what there is
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' Makefile

run: $(RUN_STAMP)  ## start everything in one process; no settings needed
	@exec $(PYTHON) -m router run $(ARGS)

demo: $(RUN_STAMP)  ## made-up customers on all channels, and a page that shows both sides
	@exec $(PYTHON) -m router demo $(ARGS)

test: $(DEV_STAMP) servers  ## run every test
	$(PYTEST) $(ARGS)

check: lint types layers supply artefacts rules  ## lint, types, layers, licences, locks, deploy files, settings reference, shipped rules

lint: $(DEV_STAMP)
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .

types: $(DEV_STAMP)
	.venv/bin/mypy

layers: $(DEV_STAMP)
	.venv/bin/lint-imports --no-logo

supply: $(DEV_STAMP)
	$(PYTHON) tools/licences.py
	$(PYTHON) tools/locks.py

artefacts: $(DEV_STAMP)
	.venv/bin/yamllint --strict -c .yamllint deploy rules
	.venv/bin/hadolint deploy/Dockerfile
	.venv/bin/check-jsonschema --builtin-schema vendor.compose-spec deploy/compose.yaml
	$(PYTHON) tools/settings_reference.py --check

rules: $(DEV_STAMP)
	$(PYTHON) -m router rules check

reference: $(DEV_STAMP)  ## write docs/reference-settings.md anew
	$(PYTHON) tools/settings_reference.py

bench: $(DEV_STAMP) servers  ## measure throughput and latency beside a bare loop
	$(PYTHON) -m benchmarks $(ARGS)

drill: $(DEV_STAMP) servers  ## faults and hostile mail, with claims about time
	$(PYTHON) -m pytest -m drill --timeout 900 $(ARGS)

soak: $(DEV_STAMP) servers  ## long runs with many kills
	$(PYTHON) -m pytest -m soak --timeout 7200 $(ARGS)

lock: $(DEV_STAMP)  ## resolve the locks anew; ARGS=--upgrade takes newer versions
	$(PYTHON) tools/locks.py refresh $(ARGS)

clean:  ## remove what was installed and built; data/ stays
	rm -rf .venv build dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -not -path './.git/*' -exec rm -rf {} +

servers:
	@tools/debian

$(RUN_STAMP): requirements.lock requirements-setup.lock tools/setup
	@tools/setup requirements.lock
	@touch $@

$(DEV_STAMP): requirements-dev.lock requirements-setup.lock tools/setup
	@tools/setup requirements-dev.lock
	@touch $@
	@touch $(RUN_STAMP)
