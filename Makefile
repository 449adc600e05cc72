# Sottovoce: open firmware for desk phones. `make` lists what there is.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

PORT ?= 8080
BOARD ?= raspberry-pi-4
PYTHON ?= python3
KEYS ?= keys
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/pip install --quiet --disable-pip-version-check

.PHONY: help setup setup-test run test test-vm test-units test-image check bench fuzz berlin soak kills image image-lock bundle lock golden wiring clean messages docs test-newcomer

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

setup: $(VENV)/.ready ## what the phone and the simulator need: Debian packages, .venv, pjsua2 from source

$(VENV)/.made: requirements/debian.txt firmware/native/packages.txt
	@requirements/install-debian-packages requirements/debian.txt firmware/native/packages.txt
	@test -x $(BIN)/python || { echo "setup: making .venv"; $(PYTHON) -m venv $(VENV); }
	@touch $@

$(VENV)/.ready: $(VENV)/.made requirements/run.txt pyproject.toml $(wildcard firmware/native/*.* firmware/native/patches/*)
	@echo "setup: installing the Python packages (pinned by hash)"
	@# PYPI=1: lgpio has no wheel for Python 3.13; it is then built with its own C library, which Debian lacks.
	@PYPI=1 $(PIP) --require-hashes -r requirements/run.txt
	@$(BIN)/python -m firmware.native.build_pjsua2 --venv $(VENV)
	@PYTHONWARNINGS=ignore $(PIP) --no-deps --no-build-isolation --editable .
	@touch $@

setup-test: $(VENV)/.ready-test ## what the tests need besides: servers, independent phones, a browser

$(VENV)/.ready-test: $(VENV)/.ready-release requirements/dev.txt requirements/docs.txt tests/packages.txt
	@requirements/install-debian-packages tests/packages.txt
	@echo "setup: installing the test tools (pinned by hash)"
	@$(PIP) --require-hashes -r requirements/dev.txt
	@$(PIP) --require-hashes -r requirements/docs.txt
	@touch $@

run: setup ## two simulated desk phones in a browser page: make run PORT=8080
	@exec $(BIN)/python -m firmware.simulator --port $(PORT)

# In two processes: the live tests wait most of their time.
test: setup-test ## the whole suite that needs no virtual machine
	@failed=0; \
	$(BIN)/python -m pytest -n 3 --dist loadfile -m "not alone" || failed=1; \
	echo "test: what takes the whole machine"; \
	$(BIN)/python -m pytest -m alone || failed=1; \
	exit $$failed

test-newcomer: $(VENV)/.ready-vm ## README's path in a clean Debian, with a browser, timed; minutes, as root: build/newcomer
	@$(BIN)/python -m tests.newcomer

check: setup-test ## linters and types
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

bench: setup-test ## the figures, with a rival in the same run
	@$(BIN)/python -m tests.bench

fuzz: setup-test ## the media port, and what reads octets of strangers, against random input: make fuzz FUZZ=3600
	@$(BIN)/python -m tests.fuzz --seconds $(or $(FUZZ),3600)

soak: setup-test ## calls without end, and whether anything grows: make soak HOURS=8
	@$(BIN)/python -m tests.soak --hours $(or $(HOURS),1)

kills: setup-test ## kill -9 at random moments of a scripted day: make kills N=200
	@$(BIN)/python -m tests.kills --n $(or $(N),200)

berlin: setup-test ## the conformance report: build/berlin/report.html (make berlin ROWS="P2 R9" for some rows)
	@$(BIN)/python -m tests.berlin $(if $(ROWS),--only $(ROWS))

test-vm: $(VENV)/.ready-vm ## the drivers and the whole phone on kernel devices, in a virtual machine: build/vm
	@$(BIN)/python -m tests.vm
	@$(BIN)/python -m tests.vm.slots

test-units: $(VENV)/.ready-vm ## the units under systemd in Debian 13, in a virtual machine: build/vm-debian
	@$(BIN)/python -m tests.vm.debian

$(VENV)/.ready-vm: $(VENV)/.ready-test tests/vm/packages.txt
	@requirements/install-debian-packages tests/vm/packages.txt
	@touch $@

IMAGE_WORDS = --board $(BOARD) $(if $(MIRROR),--mirror $(MIRROR)) $(if $(TRUST),--trust $(TRUST)) $(if $(SIGN),--sign $(SIGN))

image: $(VENV)/.ready-image ## what is flashed: make image BOARD=raspberry-pi-4 (TWICE=1 makes it twice and compares)
	@$(BIN)/python -m firmware.image $(IMAGE_WORDS) $(if $(TWICE),--twice)

image-lock: $(VENV)/.ready-image ## take the Debian packages of today for a board's image (TOOLS=1: for the workshop too)
	@$(BIN)/python -m firmware.image $(IMAGE_WORDS) --lock $(if $(TOOLS),--lock-tools)

# Minutes: it boots the image several times.
test-image: $(VENV)/.ready-test ## an image as it is, read and, if it is virt-arm64's, booted in QEMU: after make image
	@requirements/install-debian-packages tests/image/packages.txt
	@SOTTOVOCE_TEST_IMAGE=$(BOARD) $(BIN)/python -m pytest tests/image

$(VENV)/.ready-image: $(VENV)/.ready-release firmware/image/packages.txt
	@requirements/install-debian-packages firmware/image/packages.txt
	@touch $@

bundle: $(VENV)/.ready-release ## a signed update from what make image left: make bundle BOARD=... KEYS=FOLDER
	@$(BIN)/sotto-release --keys $(KEYS) $(if $(PHRASE_FILE),--phrase-file $(PHRASE_FILE)) bundle \
	  build/bundle/$(BOARD).raucb --board $(BOARD) $(if $(VERSION),--version $(VERSION)) build/image/$(BOARD)

$(VENV)/.ready-release: $(VENV)/.ready firmware/release/packages.txt requirements/release.txt
	@requirements/install-debian-packages firmware/release/packages.txt
	@$(PIP) --require-hashes -r requirements/release.txt
	@touch $@

lock: setup-test ## pin the Python packages anew
	@$(PIP) pip-tools
	@for set in run release dev docs; do $(BIN)/pip-compile --quiet --upgrade --generate-hashes --no-header --no-emit-index-url \
	  --no-emit-find-links --strip-extras --allow-unsafe -o requirements/$$set.txt requirements/$$set.in; done

golden: setup-test ## draw the golden images anew (then look at them)
	@$(BIN)/python -m pytest -q tests/golden --update-golden

messages: setup-test ## languages: what is new in the source, and what is to be translated (NEW=da begins one)
	@$(BIN)/python -m firmware.messages $(NEW)

docs: setup-test ## the documents as a site: build/site/index.html; their pictures of the display are drawn anew
	@$(BIN)/python -m firmware.documents --pictures >/dev/null
	@$(BIN)/python -m firmware.documents

wiring: setup ## draw the wiring pages anew from the board files (board/*/wiring.md)
	@$(BIN)/python -m firmware.wiring

clean: ## remove what was built here; the cache of built wheels stays
	@rm -rf $(VENV) build *.egg-info
