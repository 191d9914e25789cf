# Everything starts here, with make and Python 3.11 or newer: `make run` shows the portal, `make test` proves it.

export PATH := $(CURDIR)/.venv/bin:$(PATH)
DEV := honcho -e var/dev.env
# For commands that only look at the code. Nothing is stored.
LOOK := env ENV_FILE= DEBUG=1 SECRET_KEY=unused DATABASE_URL=sqlite://:memory: QUEUE_URL=memory://
FIND_PYTHON := for python in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done

.PHONY: help run test lint bench screenshots lock install install-dev

help:
	@echo "make run    start the portal with a sandbox in Telnyx's place: http://localhost:8000"
	@echo "make test   run every test"
	@echo "make lint   formatting, rules, types, templates, migrations"
	@echo "make bench  measure it against its floors"
	@echo "make screenshots   take the pictures of docs/img"
	@echo "make lock   pin the newest versions of all requirements"

run: install
	@python -m faxportal.dev_env var/dev.env
	@$(DEV) run python manage.py set_up --verbosity 0
	@exec $(DEV) start

test: install-dev
	@pytest -n auto --dist worksteal

lint: install-dev
	ruff format --check .
	ruff check .
	mypy .
	djlint --check --quiet templates
	djlint --lint --quiet templates
	$(LOOK) python manage.py check
	$(LOOK) python manage.py makemigrations --check --dry-run

bench: install-dev
	@python -m bench

screenshots: install-dev
	@python docs/screenshots.py

lock: install-dev
	uv pip compile $(LOCK) requirements.in --output-file requirements.txt
	uv pip compile $(LOCK) requirements-s3.in --output-file requirements-s3.txt
	uv pip compile $(LOCK) requirements-dev.in --output-file requirements-dev.txt
# Without `fewest` the file would fork by Python version.
LOCK := --upgrade --quiet --universal --fork-strategy fewest --python-version 3.11 --generate-hashes --no-emit-index-url \
	--custom-compile-command "make lock"

# Every requirement is named and hashed in its file, and Python compiles what is used when it is used: half the time.
PIP := pip install --quiet --disable-pip-version-check --no-compile --no-deps

# Each requirements file is copied beside the environment once it is installed, so that nothing is done twice.
install: .venv/bin/pip
	@cmp -s requirements.txt .venv/installed.txt || { echo "Installing, about half a minute …" && \
		$(PIP) --require-hashes -r requirements.txt && \
		cp requirements.txt .venv/installed.txt; }

install-dev: install
	@cmp -s requirements-dev.txt .venv/installed-dev.txt || { echo "Installing the test tools …" && \
		$(PIP) --require-hashes -r requirements-dev.txt && \
		cp requirements-dev.txt .venv/installed-dev.txt; }

.venv/bin/pip:
	@python=$$($(FIND_PYTHON)); test -n "$$python" || { echo "Faxportal needs Python 3.11 or newer."; exit 1; }; \
		$$python -m venv --clear .venv || { echo "On Debian: apt install python3-venv"; exit 1; }
