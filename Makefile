# Everything a person does with a checkout. Needs Python 3.11 or newer with its venv module, and make; the rest is fetched.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
CODE := $(wildcard src tests tools bench build-fonts hatch_build.py)

.DEFAULT_GOAL := help
.PHONY: help run test demo check goldens generate bench bench-full soak docs lock clean

help:  ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# The environment: exact versions with their hashes from the lock files, then this checkout itself, editable.
# Building it fetches the bundled fonts into src/tirage/fonts, once.
$(READY): requirements.lock requirements-dev.lock pyproject.toml hatch_build.py $(wildcard build-fonts/* build-fonts/icons/*)
	@$(PYTHON) tools/preflight.py
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "Installing the pinned libraries into .venv (a few minutes the first time)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $@

run: $(READY)  ## start the service with a first workspace; its address, key and a curl line are printed
	@$(BIN)/tirage serve

test: check  ## check, then all tests
	@$(BIN)/python -m pytest

demo: $(READY)  ## 200 personalized pictures from examples/people.csv into out/, with a contact sheet
	@$(BIN)/tirage render social-ad --data examples/people.csv --rows 1-200 --out out --contact-sheet out/contact-sheet.png

check: $(READY)  ## format, lint, types, import contracts, size budgets, generated files
	@$(BIN)/ruff format --check --quiet $(CODE)
	@$(BIN)/ruff check --quiet $(CODE)
	@$(BIN)/mypy --strict $(CODE)
	@$(BIN)/lint-imports --no-cache > .venv/contracts.txt || { cat .venv/contracts.txt; exit 1; }
	@$(BIN)/python -m pytest -q -n 0 tests/test_budgets.py
	@$(BIN)/python tools/notices.py --check
	@$(BIN)/python tools/generate.py --check

goldens: $(READY)  ## draw the expected pictures of tests/goldens again; look at the difference before committing
	@$(BIN)/python -m pytest -n 0 tests/test_goldens.py --rewrite-goldens

generate: $(READY)  ## write the generated files: schemas, reference pages, third-party notices
	@$(BIN)/python tools/generate.py
	@$(BIN)/python tools/notices.py

bench: $(READY)  ## measure speed and memory as ratios within one run
	@$(BIN)/python -m bench

bench-full: $(READY)  ## the benchmark with its long runs
	@$(BIN)/python -m bench --full

soak: $(READY)  ## the long forms of the reliability checks
	@TIRAGE_SOAK=1 $(BIN)/python -m pytest

docs: $(READY)  ## build the documentation site into site/
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

lock: $(READY)  ## choose the newest allowed versions and write the lock files
	@PYTHON=$(BIN)/python sh tools/lock.sh

clean:  ## remove what was built, the environment too
	@rm -rf .venv build dist out site src/tirage/fonts src/tirage/icons .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache
