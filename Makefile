# Every command sets up what it needs below .venv/ and .odoo/ first; see CONTRIBUTING.md.
PYTHON ?= python3
VENV = .venv/bin/python
SETUP = $(PYTHON) scripts/setup.py

.DEFAULT_GOAL := help
.PHONY: help run test lint bench core-test i18n build stop clean

help: ## show this list
	@grep -E '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

run: ## Odoo with demo data on http://127.0.0.1:8069, until Ctrl-C
	@$(SETUP) --run
	@exec $(VENV) scripts/run.py

test: ## every test; ARGS="--only e2e" and the like choose some
	@$(SETUP) --test
	@exec $(VENV) scripts/run_tests.py $(ARGS)

lint: ## ruff, ruff format, pylint-odoo
	@$(SETUP) --lint
	@exec $(VENV) scripts/lint.py

bench: ## the benchmarks; ARGS="NAME ..." chooses some
	@$(SETUP) --test
	@exec $(VENV) benchmarks/harness.py $(ARGS)

core-test: ## Odoo's own suites with and without the addons
	@$(SETUP) --test
	@exec $(VENV) scripts/core_test.py $(ARGS)

i18n: ## write the .pot files anew and merge the .po files
	@$(SETUP) --test
	@exec $(VENV) scripts/i18n.py $(ARGS)

build: ## a wheel of each addon, into dist/
	@$(SETUP) --build
	@exec $(VENV) scripts/build.py $(ARGS)

stop: ## stop what was started
	@$(PYTHON) scripts/stop.py

clean: stop ## remove .odoo/ and .venv/
	@$(PYTHON) scripts/stop.py --clean
