# make run   set up, make its data, check the reference system, give it its history, build the intranet and serve it
# make preview  the same for the files as they lie here; shows every save
# make test  set up, then run all tests except the slow ones
# make bench  time qmsctl beside other tools, about half an hour; BENCH=small: three minutes

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.ready
PORT   ?= 8000
BENCH  ?= full

.PHONY: run data preview site check test test-heavy bench lint format clean help

help:
	@sed -n 's/^# \(make .*\)/\1/p' Makefile

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; name it: make PYTHON=/path/to/python3"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing pinned packages into $(VENV) (once) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@

data: $(STAMP)
	@$(BIN)/python scripts/reference_data.py build/data

run: data
	$(BIN)/qmsctl kpi compute
	$(BIN)/qmsctl check
	$(BIN)/python scripts/lived_history.py build/lived
	QMSCTL_DATA=$(CURDIR)/build/data $(BIN)/qmsctl -C build/lived site serve --port $(PORT)

preview: data
	$(BIN)/qmsctl site serve --preview --port $(PORT)

site: data
	$(BIN)/qmsctl site build

check: $(STAMP)
	$(BIN)/qmsctl check

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(STAMP)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

test: lint
	scripts/system-packages.sh
	$(BIN)/pytest -n 2 --dist loadfile -m "not heavy"

test-heavy: $(STAMP)
	scripts/system-packages.sh
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev,spark]'
	$(BIN)/pytest -n 2 --dist worksteal -m heavy
	$(BIN)/python -m benchmarks.ci

bench: $(STAMP)
	$(BIN)/python -m benchmarks.speed --setting $(BENCH) $(BENCH_OPTIONS)

clean:
	rm -rf build dist
