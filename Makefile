# The two commands that matter: `make up` starts Tuneroom, `make test` tests it. `make help` lists
# the rest, docs/settings.md the settings (PORT, SLOTS, TUNEROOM_DATA ...).

.PHONY: up setup test test-fast chaos images lint audit clean lock help venv venv-dev
.DEFAULT_GOAL := help

VENV := .venv
BIN := $(VENV)/bin
# Pythons that TensorFlow has packages for. `make PYTHON=/path/to/python up` names one.
GOOD_PYTHON := import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))
# Three processes for all tests, since some wait; the fast ones keep a processor busy each.
# tests/conftest.py says which tests share one, in what order.
# Bytecode is kept, whatever the environment says: rewriting the asserts of all tests anew takes each
# of them 5 seconds.
PYTEST := PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest --no-loadscope-reorder --durations=15

help: ## Show this list.
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

up: setup ## Start Tuneroom: the site, a worker and the scheduler. Ctrl-C stops them.
	@exec $(BIN)/python manage.py up

setup: venv ## Everything that `make up` needs, without starting it.
	@$(BIN)/python manage.py bootstrap

test: venv-dev ## Run every test. REQUIRE_SERVICES=1: a missing program fails instead of skipping.
	@$(PYTEST) -n 3

# tests/quick.py says which these are. The first time here it measures all: minutes.
test-fast: venv-dev ## Run the tests that are quick on this machine and need no TensorFlow or other programs.
	@$(PYTEST) -n logical --quick -m "not tensorflow and not services and not browser and not slow"

# Not part of the tests: it takes most of an hour and needs an idle machine.
chaos: venv-dev ## Kill, stall, cut off and fill up a Tuneroom on purpose: docs/reliability.md. ARGS="kills stalls": some.
	@$(BIN)/python benchmarks/reliability.py $(ARGS)

# Not part of the tests: it downloads gigabytes.
images: venv-dev ## Build both container images with buildah and run a search in them. Needs root.
	@$(BIN)/python docker/images.py

# Linters read the settings, and reading them makes a data folder: not the one with the data. mypy
# and the audit take as long as all others together. Collecting the tests also keeps their bytecode,
# which each process of `make test` would otherwise make for itself.
lint: venv-dev ## Check style, types, layers, migrations, security settings and dependencies.
	@export TUNEROOM_DATA=$(VENV)/lint-data; status=0; \
	check() { echo "--- $$*"; "$(BIN)/$$@" || status=1; }; \
	$(BIN)/mypy >$(VENV)/mypy.log 2>&1 & mypy=$$!; \
	$(MAKE) --no-print-directory audit >$(VENV)/audit.log 2>&1 & audit=$$!; \
	trap 'kill $$mypy $$audit 2>/dev/null; exit 1' INT TERM; \
	check ruff check --quiet .; \
	check ruff format --quiet --check .; \
	echo "--- pytest --collect-only"; \
	found=$$($(PYTEST) --collect-only --quiet 2>&1) || { echo "$$found" | tail -n 40; status=1; }; \
	check lint-imports --no-logo --no-cache; \
	check python manage.py makemigrations --check --dry-run; \
	HTTPS=1 ALLOWED_HOSTS=tuneroom.example.com check python manage.py check --deploy --fail-level WARNING; \
	wait $$audit || status=1; cat $(VENV)/audit.log; \
	echo "--- mypy"; wait $$mypy || status=1; cat $(VENV)/mypy.log; \
	exit $$status

audit: venv-dev ## Look up the locked packages among PyPI's known vulnerabilities.
	@$(BIN)/python docker/audit.py

clean: ## Remove .venv and what tools left behind. The data folder stays.
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis test-results
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

lock: ## Write the lock files anew from docker/*.in. ARGS=--upgrade takes the newest versions.
	@folder=$$(mktemp -d) && trap 'rm -rf "$$folder"' EXIT && \
	$(or $(PYTHON),python3) -m venv "$$folder" && "$$folder/bin/pip" install --quiet uv && \
	PATH="$$folder/bin:$$PATH" docker/lock.sh $(ARGS)

# A copy of the installed requirements lies in .venv: it is compared by content, since a checkout
# changes the times of files and a change of branch their content. pip would compile with one
# processor, which takes a third of its time.
define install
	@cmp -s $(1) $(VENV)/installed-$(notdir $(1)) || { \
		echo "Installing $(2). This takes a few minutes the first time; it needs the network only now."; \
		$(BIN)/python -m pip install --disable-pip-version-check --no-input --progress-bar off \
			--no-compile --require-hashes --requirement $(1) >$(VENV)/install.log 2>&1 & pip=$$!; \
		trap 'kill $$pip 2>/dev/null' INT TERM; started=$$(date +%s); \
		while sleep 1 && kill -0 $$pip 2>/dev/null; do \
			[ $$(( ($$(date +%s) - started) % 20 )) -gt 0 ] || \
				echo "  ... $$(du -sm $(VENV) | cut -f1) MB so far"; \
		done; \
		wait $$pip || { \
			echo "The installation failed. The end of $(VENV)/install.log:"; \
			grep -v '^WARNING: Location' $(VENV)/install.log | tail -n 15; exit 1; }; \
		$(BIN)/python -m compileall -qq -j 0 $(VENV)/lib || true; \
		cp $(1) $(VENV)/installed-$(notdir $(1)); \
		echo "Installed in $$(( $$(date +%s) - started )) s."; }
endef

# A runner cannot write into the checkout: without bytecode there, each would compile its modules anew.
venv: $(BIN)/python
	$(call install,requirements.txt,Tuneroom's packages (about 2.7 GB on the disk; most of it is TensorFlow))
	@[ ! -d tuning ] || $(BIN)/python -m compileall -qq tuning webapp || true

venv-dev: venv
	$(call install,docker/requirements-dev.txt,what the tests and linters need)

$(BIN)/python:
	@python="$(PYTHON)"; \
	[ -n "$$python" ] || for name in python3 python3.13 python3.12 python3.11; do \
		! "$$name" -c '$(GOOD_PYTHON)' 2>/dev/null || { python=$$name; break; }; done; \
	python=$${python:-python3}; \
	"$$python" -c '$(GOOD_PYTHON)' 2>/dev/null || { \
		echo "Tuneroom needs Python 3.11, 3.12 or 3.13 (TensorFlow has no packages for others). Here" \
			"$$python is $$("$$python" --version 2>/dev/null || echo "not to be found")." \
			"Name another one: make PYTHON=/path/to/python3.12 up"; exit 1; }; \
	echo "Making a virtual environment in $(VENV) with $$("$$python" --version) ..."; \
	"$$python" -m venv $(VENV) || { rm -rf $(VENV); \
		echo "Python could not make a virtual environment. On Debian and Ubuntu: apt-get install python3-venv"; exit 1; }
