# `make demo` and `make check` set up .venv by themselves; a second run finds it ready.
# They need Python 3.11 or newer with venv, and for the first run a network.

PYTHON ?= python3
BIN := .venv/bin
WORKERS ?= auto

.DEFAULT_GOAL := help
.PHONY: help demo check release-check test lint translations bench docs lock audit pin clean core dev

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-13s %s\n", $$1, $$2}' Makefile

demo: core ## train on data/purchases.csv, score data/customers.csv, show who is at risk
	$(BIN)/churnrisk train data/purchases.csv --horizon 90
	$(BIN)/churnrisk score data/customers.csv

check: lint test ## everything that must hold: style, types, import contracts, tests

test: dev ## run the tests
	$(BIN)/pytest --numprocesses $(WORKERS) --dist loadscope

lint: dev ## check style, types, import contracts, and that nothing is dead
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/vulture

bench: dev ## measure speed and accuracy, as bench/RESULTS.md tells
	@set -e; for script in bench/*.py; do echo "== $$script"; $(BIN)/python "$$script"; done

translations: dev ## bring the translations up to date with the code, and list what is missing
	$(BIN)/python docs/translate.py

release-check: check ## `make check`, and what must hold before a release only: every message is translated
	$(BIN)/pytest -m release

docs: dev ## build the documentation into site/
	$(BIN)/mkdocs build --strict --quiet
	@echo "site/index.html"

COMPILE_LOCK := $(BIN)/uv pip compile --quiet --no-config --universal --python-version 3.11 --fork-strategy fewest \
	--generate-hashes --no-emit-index-url --no-annotate --no-header pyproject.toml --group build

# Pins that still fit pyproject.toml stay; `make lock UPGRADE=--upgrade` takes the newest of all.
# The later locks are held to the first, so that the tests run on what users get; the last is that of the image.
lock: dev ## write the requirements locks anew from pyproject.toml
	$(COMPILE_LOCK) $(UPGRADE) --output-file requirements.lock
	$(COMPILE_LOCK) $(UPGRADE) --all-extras --group dev --constraint requirements.lock \
		--output-file requirements-dev.lock
	$(COMPILE_LOCK) $(UPGRADE) --extra service --extra postgres --constraint requirements-dev.lock \
		--output-file deploy/requirements.lock

AUDIT := .venv-audit/bin

# Its tools have a virtual environment of their own: what they need is none of ours. CI has no network for it.
audit: ## write dist/sbom.json (CycloneDX) and look up the advisories of all packages
	@test -x $(AUDIT)/pip-audit || { $(PYTHON) -m venv .venv-audit && \
		$(AUDIT)/pip install --quiet 'pip-audit>=2.10' 'cyclonedx-bom>=7.5'; }
	@mkdir -p dist
	$(AUDIT)/cyclonedx-py requirements --pyproject pyproject.toml --output-reproducible -o dist/sbom.json deploy/requirements.lock
	$(AUDIT)/pip-audit --strict --disable-pip --require-hashes --requirement requirements-dev.lock

BASES := python:3.11-slim-bookworm postgres:17-bookworm

# Digests name an image for good, so they have to be renewed for its security updates.
pin: ## write the digests of the base images as of today into Dockerfile and compose.yaml
	@set -e; for image in $(BASES); do \
		digest=$$(docker buildx imagetools inspect --format '{{.Manifest.Digest}}' "$$image"); \
		echo "$$digest" | grep -Eqx 'sha256:[0-9a-f]{64}' || { echo "no digest of $$image: $$digest" >&2; exit 1; }; \
		sed -i.old -E "s|$$image(@sha256:[0-9a-f]{64})?|$$image@$$digest|" Dockerfile compose.yaml; \
		rm Dockerfile.old compose.yaml.old; \
		echo "$$image@$$digest"; \
	done

clean: ## remove .venv and all that is made from the sources, but no stored model
	rm -rf .venv .venv.old .venv-audit site dist build .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

core:
	@command -v $(PYTHON) >/dev/null || { echo "There is no $(PYTHON) here: install Python 3.11 or newer," \
		"or name one: make PYTHON=/path/to/python" >&2; exit 1; }
	@$(PYTHON) .ci/setup_venv.py requirements.lock

dev: core
	@$(PYTHON) .ci/setup_venv.py requirements-dev.lock
