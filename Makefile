# Every target works from a bare clone: it needs Python 3.11 or later and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SHELL := /bin/sh
SOURCES := planner tools graphs api evals bench examples tests
COVERED := build/covered

.DEFAULT_GOAL := help
.PHONY: help install dev demo shop serve test faults explore sweep bench bench-planning check lint types layers coverage lock wheel rehearse clean

help:  ## list the targets
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.runtime: requirements.lock pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.bench: requirements-bench.lock $(VENV)/.dev
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-bench.lock
	@touch $@

$(VENV)/.dev: requirements-dev.lock $(VENV)/.runtime
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@

install: $(VENV)/.runtime  ## what running needs
dev: $(VENV)/.dev  ## what developing needs

demo: install  ## run late-order over five real services, with a failure half-way (KEEP=1 keeps it up)
	$(BIN)/python -m examples.shop.demo $(if $(KEEP),--keep,)

shop: install  ## start the shop's services and the scripted model on their ports, until Ctrl-C
	$(BIN)/python -m examples.shop

# With no model configured it asks the shop's scripted endpoint, which `make shop` starts.
serve: export PLANNER_MODEL__BASE_URL ?= $(if $(OPENAI_API_KEY),,http://127.0.0.1:8200/v1)
serve: export PLANNER_MODEL__NAME ?= $(if $(OPENAI_API_KEY),,scripted-demo)
# The shop's thresholds are made for what a model says of itself.
serve: export PLANNER_MODEL__GATE_ON ?= stated,probabilities,logprobs,agreement
serve: install  ## serve the API with the shop's project on 127.0.0.1:8080
	$(BIN)/python -m api serve --project examples/shop

test: dev  ## run every test (COVER=1: note what they come past, for `make coverage` to tell)
	$(BIN)/python -m pytest -q -n 2 --dist worksteal $(if $(COVER),--cov --cov-report=,)
	@$(if $(COVER),mkdir -p build && touch $(COVERED),:)

faults: dev  ## every known fault of a model's server, over loopback sockets; ends with one JSON line
	$(BIN)/python -m planner.faults.suite

explore: dev  ## every path of each of the shop's workflows with FAULTS things going wrong, 2 unless told
	@for name in $(basename $(notdir $(wildcard examples/shop/workflows/*.yaml))); do \
	  $(BIN)/planner eval explore $$name --project examples/shop --faults $(or $(FAULTS),2) || exit 1; done

sweep: dev  ## kill runs of the shop at every point, and look what became of them (QUICK=1, DATABASE=postgresql, JOBS=2)
	$(BIN)/python -m examples.shop.sweep --database $(or $(DATABASE),sqlite) --jobs $(or $(JOBS),2) $(if $(QUICK),--quick,)

bench: $(VENV)/.bench  ## the engine against its peers; a table, and build/bench.json (QUICK=1: under 5 minutes)
	$(BIN)/python -m bench $(if $(QUICK),--quick,)

bench-planning: dev  ## retrieval, composition, mutants and the time of a plan; ends with one JSON line
	$(BIN)/python -m bench.planning

check: lint types layers coverage  ## what CI runs

lint: dev  ## ruff: format and rules
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: dev  ## mypy strict
	$(BIN)/mypy

layers: dev  ## imports point down
	$(BIN)/lint-imports

coverage: dev  ## branch coverage of `make test COVER=1`, which runs first where a source has changed since
	@if ! test -f $(COVERED) || find $(SOURCES) -name '*.py' -newer $(COVERED) | grep -q .; then $(MAKE) test COVER=1; fi
	$(BIN)/python -m coverage report

lock:  ## pin dependencies with hashes, without index addresses
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --no-annotate --no-strip-extras pyproject.toml --group build -o requirements.lock
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --no-annotate --no-strip-extras pyproject.toml --group build --extra dev -c requirements.lock -o requirements-dev.lock
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --no-annotate --no-strip-extras pyproject.toml --group build --extra postgres --extra grpc --extra mcp -c requirements-dev.lock -o requirements-image.lock
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --no-annotate --no-strip-extras pyproject.toml --group build --extra dev --extra bench -c requirements.lock -c requirements-dev.lock -o requirements-bench.lock

wheel: dev  ## build the wheel into dist/
	$(BIN)/python -m pip wheel --quiet --no-deps --no-build-isolation -w dist .

rehearse: install  ## carry out the Dockerfile's build in a folder, without Docker, and ask what was built for its doctor
	$(BIN)/python -m deploy.rehearse

clean:  ## remove what was built
	rm -rf $(VENV) dist build .mypy_cache .ruff_cache .pytest_cache
