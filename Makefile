# Every command sets up what it needs below .venv/ and .odoo/ first; see CONTRIBUTING.md.
# A step that is done leaves a file behind: what was broken off goes on where it was.
PYTHON ?= python3
VENV := .venv/bin/python
ADDONS := $(patsubst %/__manifest__.py,%,$(wildcard addons/*/__manifest__.py))
DIST ?= dist
ERROR := echo error:
PACKAGES := .venv/.installed-requirements
SETUP = $(PYTHON) scripts/setup.py
# With ODOO_SRC there is nothing to fetch, but something to look at each time.
ODOO := $(if $(ODOO_SRC),check-odoo-src,.odoo/odoo-source.json)
TEST_SETUP := $(PACKAGES)-test.txt $(PACKAGES)-build.txt $(ODOO) programs .odoo/npm/.installed

.DEFAULT_GOAL := help
.NOTPARALLEL:
.DELETE_ON_ERROR:
.PHONY: help run test lint bench core-test i18n build stop clean ports programs check-odoo-src

help: ## show this list
	@grep -E '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

# `make stop` knows by it what was started here.
run test lint bench core-test i18n build: export STARTED_BY_MAKE_IN = $(CURDIR)

run: ports $(PACKAGES).txt $(ODOO) ## Odoo with demo data on http://127.0.0.1:8069, until Ctrl-C
	@exec $(VENV) scripts/run.py

test: $(TEST_SETUP) ## every test; ARGS="--only tests/e2e" and the like choose some
	@exec $(VENV) scripts/run_tests.py $(ARGS)

lint: $(PACKAGES)-lint.txt ## ruff, ruff format, pylint-odoo
	@failed=; check() { echo "== $$*"; $(VENV) -m "$$@" || failed="$$failed $$1"; }; \
	check ruff check .; check ruff format --check .; \
	check pylint --rcfile=pyproject.toml $(ADDONS); \
	[ -z "$$failed" ] || { $(ERROR) "lint:$$failed found something" >&2; exit 1; }; \
	echo "lint is clean"

bench: $(TEST_SETUP) ## the benchmarks; ARGS="NAME ..." chooses some
	@exec $(VENV) benchmarks/harness.py $(ARGS)

core-test: $(TEST_SETUP) ## Odoo's own suites with and without the addons
	@exec $(VENV) scripts/core_test.py $(ARGS)

i18n: $(TEST_SETUP) ## write the .pot files anew and merge the .po files
	@exec $(VENV) scripts/i18n.py $(ARGS)

# By the pinned back-end of requirements-build.txt, without any other download.
build: $(PACKAGES)-build.txt ## a wheel of each addon, into dist/
	@new=$$(git ls-files --others --exclude-standard addons 2>/dev/null) || \
		{ $(ERROR) "wheels are built from a git checkout, and this is none" >&2; exit 1; }; \
	[ $$(grep -h '"version":' addons/*/__manifest__.py | sort -u | wc -l) = 1 ] || \
		{ $(ERROR) "the addons have different versions" >&2; exit 1; }; \
	mkdir -p .odoo/logs; rm -f $(DIST)/odoo_addon_*.whl; \
	$(VENV) -m pip wheel --no-deps --no-build-isolation --no-index --wheel-dir $(DIST) \
		$(addprefix ./,$(ADDONS)) >.odoo/logs/build.log 2>&1 || \
		{ $(ERROR) "the wheels could not be built, see .odoo/logs/build.log" >&2; exit 1; }; \
	ls $(DIST)/odoo_addon_*.whl; [ -z "$$new" ] || echo "NOTE: left out, as git does not know them:" $$new

stop: ## stop what was started
	@$(PYTHON) scripts/stop.py

clean: ## stop it and remove .odoo/ and .venv/
	@$(PYTHON) scripts/stop.py --clean

# === THE STEPS OF THE SET-UP ===

ports: # Better known before the downloads than after them.
	@$(SETUP) ports

.venv/bin/python: # Missing too when the Python that it was made with is gone.
	@$(SETUP) venv

$(PACKAGES)%: requirements% .venv/bin/python
	@$(SETUP) requirements $<
	@touch $@

$(PACKAGES)-test.txt: requirements.txt

.odoo/odoo-source.json:
	@$(PYTHON) scripts/odoo_source.py

check-odoo-src:
	@$(PYTHON) scripts/odoo_source.py

programs:
	@$(SETUP) programs

# The accessibility tests alone need axe-core: the pinned version, its checksum verified.
.odoo/npm/.installed: tests/package.json tests/package-lock.json
	@mkdir -p .odoo/npm .odoo/logs; cp $^ .odoo/npm/; \
	npm ci --prefix .odoo/npm --ignore-scripts --no-audit --no-fund >.odoo/logs/npm.log 2>&1 && touch $@ || \
	echo "NOTE: no axe-core, so the accessibility tests will fail: is npm there? See .odoo/logs/npm.log"
