# Set-up is part of every target: a virtual environment in .venv. `make demo` puts there what the demo needs; all other
# targets complete it to exactly the versions of requirements.lock.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
DEMO := .venv/.demo
UV := .venv/.uv

# Machines behind a proxy have its certificate in the system's store, where uv looks only when told.
export UV_SYSTEM_CERTS ?= 1

.PHONY: demo test test-installed test-matrix system test-slow validity mutants docs hooks lint lock clean

demo: $(DEMO)  ## evaluate a built-in system over the mini suite and write an HTML report
	$(BIN)/a2bench eval --model collage --suite a2bench-mini --output runs/demo

test: $(READY) system  ## the tests (pass options with ARGS="-k name")
	$(BIN)/python -m pytest -n auto --dist loadfile $(ARGS)

test-installed: $(READY)  ## wheel and sdist in clean environments with plain pip, each extra (ARGS="--short": none and all)
	$(BIN)/python tools/installed.py $(ARGS)

test-matrix: $(READY)  ## the core tests on every Python here: locked, lowest, newest (ARGS="--python 3.12 --short")
	$(BIN)/python tools/matrix.py $(ARGS)

system:  ## Chromium and PostgreSQL for the tests, where apt-get may install them; without them some tests are skipped
	@if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		missing=; \
		command -v chromium >/dev/null || missing="$$missing chromium"; \
		ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || missing="$$missing postgresql"; \
		if [ -n "$$missing" ]; then \
			apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq $$missing >/dev/null || \
				echo "could not install:$$missing; the tests that need them are skipped"; \
		fi; \
	fi

test-slow: $(READY)  ## the tests that take minutes
	$(BIN)/python -m pytest -m slow $(ARGS)

validity: $(READY)  ## run all metrics over all controls (an hour on 2 cores) and write down what came out
	$(BIN)/a2bench metrics validate --save metrics/validity/a2bench-mini.json --markdown docs/validity.md

mutants: $(READY)  ## which small changes does no test notice? (ARGS="a2bench/run/plan.py -j 1"; by itself what decides numbers)
	$(BIN)/uv pip install --quiet --python $(BIN)/python --constraint requirements.lock --group pyproject.toml:mutants
	$(BIN)/python tools/mutants.py $(ARGS)

docs: $(READY)  ## write what texts take from the code: the table of metrics, who and where the project is
	$(BIN)/python tools/readme_metrics.py
	$(BIN)/python tools/project_files.py

hooks: $(READY)  ## before each commit: style, whitespace, size, the length of the subject (pre-commit; nothing else is fetched)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint requirements.lock pre-commit
	$(BIN)/pre-commit install

lint: $(READY)  ## ruff, mypy strict, pyright
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/mypy --strict tools/*.py hatch_build.py
	$(BIN)/pyright

$(UV):
	@$(PYTHON) -c 'import sys; sys.exit("A2Bench needs Python 3.11 or newer, this is " + sys.version.split()[0] + "; type: make PYTHON=python3.11 ...") if sys.version_info < (3, 11) else None'
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	@touch $(UV)

$(READY): $(UV) pyproject.toml requirements.lock
	@echo "Setting up .venv with everything for developers: about 3 GB to download and 7 GB on disk where torch is for CUDA."
	$(BIN)/uv pip install --quiet --python $(BIN)/python -r requirements.lock
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps -e .
	@touch $(READY) $(DEMO)

$(DEMO): $(UV) pyproject.toml requirements.lock tools/demo.py
	@if [ -e $(READY) ]; then $(MAKE) --no-print-directory $(READY); else $(BIN)/python tools/demo.py $(BIN)/python; fi
	@touch $(DEMO)

lock: $(READY)  ## resolve requirements.lock again
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --no-header --no-annotate --upgrade \
		--all-extras --group pyproject.toml:dev pyproject.toml -o requirements.lock

clean:
	rm -rf .venv runs
