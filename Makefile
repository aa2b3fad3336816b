# Everything a newcomer needs: `make run`, `make test`. Needs Python 3.11+, make, and root where Debian's Chromium is missing.
PYTHON ?= python3
PORT   ?= 8000
BIN    := .venv/bin

.PHONY: bench bench-book bench-door setup run test test-fast soak test-slow test-spark lint format lock clean browser softhsm postfix bench-mail

.venv/ready: requirements/dev.txt pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit("agent-extranet needs Python 3.11 or newer") if sys.version_info < (3, 11) else None'
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@

setup: .venv/ready

browser:
	command -v chromium >/dev/null || (apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium >/dev/null)

lock: setup
	$(BIN)/uv pip compile -q --universal --generate-hashes --no-header --python-version 3.11 pyproject.toml -o requirements/runtime.txt
	$(BIN)/uv pip compile -q --universal --generate-hashes --no-header --python-version 3.11 --extra dev -c requirements/runtime.txt pyproject.toml -o requirements/dev.txt
	$(BIN)/uv pip compile -q --universal --generate-hashes --no-header --python-version 3.11 --extra dev --extra slow -c requirements/dev.txt pyproject.toml -o requirements/slow.txt
	$(BIN)/uv pip compile -q --universal --generate-hashes --no-header --python-version 3.11 --extra bench -c requirements/dev.txt pyproject.toml -o requirements/bench.txt
	$(BIN)/uv pip compile -q --universal --generate-hashes --no-header --python-version 3.11 --extra pkcs11 -c requirements/dev.txt pyproject.toml -o requirements/pkcs11.txt
	$(BIN)/uv pip compile -q --universal --generate-hashes --no-header --python-version 3.11 --extra dev --extra spark -c requirements/dev.txt pyproject.toml -o requirements/spark.txt

clean:
	rm -rf .venv var .mypy_cache .ruff_cache .pytest_cache .import_linter_cache

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m django makemigrations --check --dry-run --settings tests.settings

format: setup
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# The fast suite: SQLite, then what touches the database on PostgreSQL, then the browser. A path or -k goes through ARGS.
test: setup browser
	$(BIN)/python -m pytest -n 2 -m "not slow and not browser" $(ARGS)
	$(BIN)/python -m tests.postgres $(BIN)/python -m pytest -n 2 -m "not slow and not browser" $(ARGS)
	$(BIN)/python -m pytest -m "browser and not slow" $(ARGS)

# What cannot be installed is skipped, and told at the end of the run with the reason.
.venv/slow: .venv/ready requirements/slow.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/slow.txt && touch $@

.venv/pkcs11: .venv/ready requirements/pkcs11.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/pkcs11.txt && touch $@

softhsm:
	command -v softhsm2-util >/dev/null || (apt-get update -qq && apt-get install -y -qq --no-install-recommends softhsm2 >/dev/null)

# Installed, never started: the tests run an instance of their own on loopback.
postfix:
	command -v postfix >/dev/null || (apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends postfix >/dev/null)

test-slow: setup browser
	-$(MAKE) .venv/slow
	-$(MAKE) .venv/pkcs11 softhsm
	-$(MAKE) postfix
	$(BIN)/python -m pytest -m slow -rs $(ARGS)

# Half a gigabyte, so it is asked for: test-slow runs these tests where it is installed, and says so where it is not. Needs Java 17.
.venv/spark: .venv/ready requirements/spark.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/spark.txt && touch $@

test-spark: .venv/spark
	$(BIN)/python -m pytest -m slow -rs tests/slow/test_spark.py $(ARGS)

# A simulated year of mail; ARGS="--seed 7" plays the same one again, ARGS="--postgres" on a PostgreSQL server.
soak: setup
	$(BIN)/python -m tests.soak $(ARGS)

# Tables of ratios; ARGS="--peers --big" adds the peers and ten million rows (6 GB of disk in BENCH_DIR).
bench: setup
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/bench.txt
	$(BIN)/python -m bench.publication $(ARGS)
	$(BIN)/python -m bench.changes
	$(BIN)/python -m bench.book

# CPU of opening a book of 100, 2,000 and 20,000 rows; minutes on a busy machine.
bench-book: setup
	$(BIN)/python -m bench.book

# Mails a second, beside what sends without an outbox.
bench-mail: setup
	$(BIN)/python -m bench.mail

# A million bad logins, answers about known and unknown names, what a login costs; half an hour on a quiet machine.
bench-door: setup
	$(BIN)/python -m bench.login
	$(BIN)/python -m bench.timing
	$(BIN)/python -m bench.throttle

run: setup
	$(BIN)/extranet demo var/demo --port $(PORT)
