# Set-up is part of every target: a virtual environment in .venv with exactly the versions of requirements.lock.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready

# Machines behind a proxy have its certificate in the system's store, where uv looks only when told.
export UV_SYSTEM_CERTS ?= 1

.PHONY: demo test system test-slow validity lint lock clean

demo: $(READY)  ## evaluate a built-in system over the mini suite and write an HTML report
	$(BIN)/a2bench eval --model collage --suite a2bench-mini --output runs/demo

test: $(READY) system  ## the tests (pass options with ARGS="-k name")
	$(BIN)/python -m pytest -n auto --dist loadfile $(ARGS)

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

lint: $(READY)  ## ruff, mypy strict, pyright
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pyright

$(READY): pyproject.toml requirements.lock
	$(PYTHON) -c 'import sys; sys.exit("A2Bench needs Python 3.11 or newer, this is " + sys.version.split()[0] + "; type: make PYTHON=python3.11 ...") if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	$(BIN)/uv pip install --quiet --python $(BIN)/python -r requirements.lock
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps -e .
	touch $(READY)

lock: $(READY)  ## resolve requirements.lock again
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --no-header --no-annotate --upgrade \
		--all-extras --group pyproject.toml:dev pyproject.toml -o requirements.lock

clean:
	rm -rf .venv runs
