# Every command of the project. `make demo` and `make test` need nothing but Python 3.11 or newer.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin

.PHONY: help demo test check lint types gate bench quality train test-slow test-engines clean

help:  ## Show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

$(VENV)/.core: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "unbait needs Python 3.11 or newer: make PYTHON=python3.11 ...")'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

$(VENV)/.dev: $(VENV)/.core
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@

demo: $(VENV)/.core  ## Clean the example article and show what was cut and why
	@$(BIN)/unbait explain examples/scraped-article.txt
	@$(BIN)/unbait clean --diff examples/scraped-article.txt

test: $(VENV)/.dev  ## Run the tests
	@$(BIN)/python -m pytest

check: lint types test gate  ## Everything that must hold before a change lands

lint: $(VENV)/.dev  ## Style
	@$(BIN)/ruff check .

types: $(VENV)/.dev  ## mypy strict
	@$(BIN)/mypy

gate: $(VENV)/.dev  ## Committed figures against their floors
	@$(BIN)/python -m training gate

bench: $(VENV)/.dev  ## Speed, beside the peers that are installed
	@$(BIN)/python -m benchmarks.speed

quality: $(VENV)/.dev  ## Quality beside the peers that are installed; needs `make train` before
	@$(BIN)/python -m benchmarks.quality

train: $(VENV)/.dev  ## Train, measure and write models/paragraph (about ten minutes)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[train-paragraph]'
	@$(BIN)/python -m training train
	@$(BIN)/python -m training export

test-slow: $(VENV)/.dev  ## Load, soak and failure tests
	@$(BIN)/python -m pytest -m slow

test-engines: $(VENV)/.dev  ## Ray, Spark, datatrove and Scrapy for real
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[all]'
	@$(BIN)/python -m pytest tests/test_pipelines_*.py

clean:  ## Remove what the commands made
	@rm -rf $(VENV) .cache build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
