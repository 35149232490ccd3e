# Gatepost: one target a part. `make demo` shows everything, `make test` proves it; both start from nothing.
#
# A clean machine needs Python 3.11 to 3.13 with its venv module, git and make. Parts that need more of Debian (Postfix,
# podman …) install it when run as root and otherwise say what is missing and fail.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DIST := roles/relay/files/gatepost
# Two workers on two cores; CI machines differ, so it follows the machine.
JOBS ?= $(shell nproc 2>/dev/null || echo 2)
PYTEST := $(BIN)/python -m pytest -q -n $(JOBS)

export XDG_CACHE_HOME ?= $(HOME)/.cache
export PYTHONDONTWRITEBYTECODE :=
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PATH := $(CURDIR)/$(BIN):$(PATH)
# Ansible's own state stays in the checkout.
export ANSIBLE_HOME := $(CURDIR)/build/ansible
export ANSIBLE_NOCOWS := 1

PARTS := venv lint sanity unit policy fuzz integration interop notebooks crash demo molecule
# `make test` and `make coverage` count branches; `make unit` is for between two edits.
COVERAGE := --cov --cov-report=term:skip-covered

# Of Debian: the peers of `interop`, and what `molecule` runs its hosts with. A Node that is there stays.
define MAIL_PEERS
tools/debian_packages postfix dovecot-imapd dovecot-lmtpd swaks libnet-ssleay-perl curl msmtp mmdebstrap
command -v npm >/dev/null || tools/debian_packages nodejs npm
endef
HOSTS := tools/debian_packages podman runc mmdebstrap netavark aardvark-dns iptables iproute2

.PHONY: help test test-full $(PARTS) molecule-full artifact bench coverage docs emulators lock clean packages crash-full soak

help:
	@echo "make demo       the whole product against emulators; open build/demo/index.html"
	@echo "make test       every part: $(PARTS)"
	@echo "make artifact   the collection as users get it"
	@echo "make bench      relay and peers side by side; build/bench.html"
	@echo "make soak       half an hour of mixed load with faults, every message counted; build/soak.html"
	@echo "make coverage   branches that the unit tests reach"
	@echo "make docs       the documents and what ansible-doc knows as a site; build/docs/index.html"
	@echo "make emulators  AWS, Google and mailboxes on loopback, in the foreground"
	@echo "make test-full  all of each part: every kill, long fuzzing, both Debian releases, the soak"
	@echo "make lock       resolve requirements/dev.in anew"

## The virtual environment: one lock file with hashes, the distribution and the collection linked in.
venv: $(VENV)/.ready

$(VENV)/.ready: requirements/dev.txt $(DIST)/pyproject.toml tools/make_venv
	@tools/make_venv $(PYTHON) $(VENV)
	@touch $@

lock:
	@tools/make_lock $(PYTHON)

## The parts of `make test`
lint: venv
	ruff check .
	ruff format --check .
	mypy -p gatepost
	mypy plugins/module_utils
	yamllint --strict .
	ansible-lint --offline --strict
	tools/check_notebooks

sanity: venv
	tools/sanity

unit: venv
	$(PYTEST) $(UNIT_OPTIONS) tests/unit

policy: venv
	$(PYTEST) tests/policy

fuzz: venv
	$(PYTEST) tests/fuzz

integration: venv
	$(PYTEST) tests/integration

interop: venv
	$(MAIL_PEERS)
	$(BIN)/python -m tests.upstream
	$(BIN)/python -m pytest -q tests/interop

notebooks: venv
	$(PYTEST) tests/notebooks

## Prints its tables and keeps them in build/crash.json; python -m tools.docs.crash_matrix puts them into docs/guarantees.md.
crash: venv
	$(BIN)/python -m pytest -q tests/crash

## All of it, and fuzzing guided by coverage: GATEPOST_FUZZ_SECONDS a target, default 60.
crash-full: venv
	GATEPOST_TESTS=full $(BIN)/python -m pytest -q tests/crash
	$(BIN)/python -m tests.fuzz.guided

demo: venv
	@$(BIN)/python -m tools.demo

molecule: venv
	$(HOSTS)
	tools/molecule test

## The same with the relays on each Debian release.
molecule-full: molecule
	GATEPOST_DEBIAN=trixie tools/molecule test

## The collection as users get it: built, installed into an empty path, used, and judged by galaxy-importer.
artifact: venv
	tools/artifact

## Relay and peers side by side; the mail peers are taken from Debian. BENCH names the parts: all, or some of
## throughput variants queue profile modules; GATEPOST_BENCH=short proves the frame in a few minutes.
bench: venv
	-@tools/debian_packages mmdebstrap
	$(BIN)/python -m tests.bench $(BENCH)

## A real daemon under mixed load with faults by schedule: nothing lost, nothing that grows. GATEPOST_SOAK_MINUTES, default 30.
soak: venv
	$(BIN)/python -m tests.soak

emulators: venv
	@$(BIN)/python -m emulators --output build/emulators.json

## The site: README.md, docs/ and ansible-doc of everything in the collection; a broken link in it fails.
docs: venv
	@$(BIN)/python -m tools.docs

## Branches that the unit tests reach, by file.
coverage: UNIT_OPTIONS = $(COVERAGE)
coverage: unit

## All parts in order; the seconds that each took end up in build/test-times.json.
test:
	@UNIT_OPTIONS="$(COVERAGE)" $(PYTHON) tools/parts.py $(PARTS)

## The same parts with all of each: every kill, long fuzzing, many random pairs of rule set and message, both Debian releases; and the soak.
test-full:
	@GATEPOST_TESTS=full UNIT_OPTIONS="$(COVERAGE)" $(PYTHON) tools/parts.py $(patsubst crash,crash-full,$(PARTS:molecule=molecule-full)) soak

packages:
	$(MAIL_PEERS)
	$(HOSTS)

clean:
	rm -rf build $(VENV) .mypy_cache .pytest_cache .ruff_cache .hypothesis .coverage*
