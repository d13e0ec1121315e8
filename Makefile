# `make` alone prints this help. Everything is set up by the target that needs it.
BOARD ?= LILYGO_TCALL_SIM800
PORT ?= /dev/ttyUSB0
IMAGE ?=
FORM ?= small
PYTHON ?= python3
RUN ?=
YEAR ?=
PYTEST ?=
MAP ?=
DBC ?=
FILE ?=
T ?=
NIGHTLY ?=
MPY_DIR ?=
FROZEN ?=

VENV := .venv
PY := $(VENV)/bin/python
READY := $(VENV)/.ready
MPREMOTE := $(PY) -m mpremote connect $(PORT)

.DEFAULT_GOAL := help
.PHONY: help run car test test-quick test-one micropython qemu mosquitto check lint format types imports lock licences bench year modules \
  firmware bundle image flash deploy setup repl logs explain size mutants pictures nightly clean

help: ## Print this help
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo "  Knobs: BOARD=$(BOARD) FORM=small|plain|romfs CARS=RT,OBD PORT=$(PORT) IMAGE=<official image> RUN='--scenario drive' PYTEST='-k sms'"

$(READY): tools/locks/environment.txt tools/requirements.py
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed; say which with PYTHON=/path/to/python3." >&2; exit 1; }
	@$(PY) -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear $(VENV) || \
	  { echo "A virtual environment cannot be made: install your system's python3-venv package." >&2; exit 1; }
	@echo "Setting up $(VENV) (once)"
	@$(PY) tools/requirements.py
	@touch $@

run: $(READY) micropython mosquitto ## Simulated car, GPS, modem, phone, server and the module, live (RUN='options')
	@$(PY) -m tools.desk run $(RUN)

car: $(READY) ## Compile a car's mapping and DBC file (MAP=file DBC=file; none: all cars) into its table
	@$(PY) -m tools.car $(MAP) $(if $(DBC),--dbc $(DBC))

test: $(READY) micropython qemu mosquitto ## All tests, on CPython and both MicroPython VMs (PYTEST='options')
	@$(PY) -m pytest $(PYTEST)

test-quick: $(READY) ## The firmware's tests on CPython alone, within a minute, for the inner loop
	@$(PY) -m pytest $(addprefix host_tests/,modules protocol drivers links vehicle services) $(PYTEST)

test-one: $(READY) micropython ## Some tests only (T='file -k name')
	@$(if $(T),,echo "Say which: make test-one T=host_tests/protocol/test_nmea.py" >&2; exit 2)
	@$(PY) -m pytest $(T)

micropython: $(READY) ## Put MicroPython for 64 and 32 bit under .cache/
	@$(PY) -m tools.vm --quiet

qemu: $(READY) ## Put what runs the modules' machine code under .cache/ (71 MB, once)
	@$(PY) -m tools.qemu --quiet

mosquitto: $(READY) ## Put an MQTT broker under .cache/ where there is none (7 MB, once)
	@$(PY) -m tools.mosquitto --quiet

check: lint types imports test ## Lint, types, import rules, test

lint: $(READY) ## Check style, format and the boards' pins
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .
	@$(PY) -m tools.boards

format: $(READY) ## Format all Python files
	@$(PY) -m ruff check --fix .
	@$(PY) -m ruff format .

types: $(READY) ## Check types: desk and tools, and the firmware against the ESP32's stubs
	@$(PY) -m mypy tools
	@$(PY) -m tools.check_types

imports: $(READY) ## Check the layers of firmware/README.md
	@$(PY) -m pytest host_tests/test_architecture.py

lock: $(READY) ## Write tools/locks/ anew: versions, hashes and licences of all that is fetched
	@$(PY) -m tools.lock

licences: ## List name, version and licence of all that is fetched
	@cat tools/locks/licences.txt

bench: $(READY) micropython ## Measure speed, heap and bytes; writes build/bench.json
	@$(PY) -m tools.bench

year: $(READY) ## Live through a simulated year: faults, Ah, bytes, records (YEAR='--days 30 --seed 7')
	@$(PY) -m tools.year $(YEAR)

modules: $(READY) ## Compile the native modules for every architecture
	@$(PY) -m tools.build modules

firmware: $(READY) ## Write everything BOARD needs in FORM under build/
	@$(PY) -m tools.build firmware $(BOARD) --form $(FORM)

# Of the last commit, so that a module knows which of two builds is the older one.
firmware bundle flash deploy: export SOURCE_DATE_EPOCH ?= $(shell git log -1 --format=%ct 2>/dev/null)

bundle: $(READY) ## Write a signed update over the air for BOARD in FORM=small|plain under build/bundle/
	@$(PY) -m tools.bundle make $(BOARD) --form $(FORM)

image: modules ## Build an image of your own for BOARD (MPY_DIR=MicroPython's checkout; FROZEN=1: the firmware in it)
	@test -f "boards/$(BOARD)/mpconfigboard.cmake" || { echo "There is no board $(BOARD) below boards/." >&2; exit 2; }
	@test -f "$(MPY_DIR)/ports/esp32/boards/manifest.py" || \
	  { echo "Say where MicroPython's sources are: make image MPY_DIR=/path/to/micropython" >&2; exit 2; }
	@command -v idf.py >/dev/null || { echo "There is no idf.py: call ESP-IDF's export.sh first (. export.sh)." >&2; exit 2; }
	@$(MAKE) -C "$(MPY_DIR)/mpy-cross"
	@$(MAKE) -C "$(MPY_DIR)/ports/esp32" BOARD=$(BOARD) BOARD_DIR=$(CURDIR)/boards/$(BOARD) submodules
	@$(MAKE) -C "$(MPY_DIR)/ports/esp32" BOARD=$(BOARD) BOARD_DIR=$(CURDIR)/boards/$(BOARD) $(if $(FROZEN),BOARD_VARIANT=FROZEN) all

flash: $(READY) ## Write an official MicroPython image and the firmware to a new module (IMAGE=file PORT=...)
	@test -n "$(IMAGE)" || { echo "Say which image: make flash IMAGE=ESP32_GENERIC-...bin PORT=$(PORT)" >&2; exit 2; }
	@$(PY) -m tools.flash $(BOARD) $(IMAGE) --form $(FORM) --port $(PORT)

deploy: firmware ## Copy what changed of the firmware to the module at PORT and restart it
ifeq ($(FORM),romfs)
	@# First what fails on an image without a ROMFS partition: the module keeps what it has.
	@$(MPREMOTE) romfs deploy build/$(BOARD)-romfs/ovms.romfs
	@# Files come before the ROMFS, so none of these may stay.
	@for old in tree a b ovms board.mpy esp32_board.mpy ovms_can.mpy ovms_crypto.mpy ovms_twai.mpy twai_port.mpy; do \
	  $(MPREMOTE) fs rm -r :$$old 2>/dev/null || true; done
	@$(MPREMOTE) fs cp build/$(BOARD)-romfs/*.py :
	@$(MPREMOTE) reset
else
	@$(PY) -m tools.deploy $(BOARD) --form $(FORM) --port $(PORT)
endif

setup: $(READY) ## Ask for the module's settings and write them over PORT
	@$(PY) -m tools.setup --port $(PORT)

repl: $(READY) ## Python prompt on the module at PORT
	@$(MPREMOTE) repl

logs: $(READY) ## What the module at PORT prints, tracebacks translated (FILE=saved text instead)
	@$(PY) $(if $(FILE),-m tools.shrink.explain "$(FILE)",-m tools.desk logs --port $(PORT))

explain: $(READY) ## Translate the tracebacks in FILE into the names of the sources
	@test -n "$(FILE)" || { echo "Say which text: make explain FILE=traceback.txt" >&2; exit 2; }
	@$(PY) -m tools.shrink.explain "$(FILE)"

size: $(READY) ## What the firmware weighs, file by file
	@$(PY) -m tools.size $(BOARD) --form $(FORM)

mutants: $(READY) ## Whether a test sees each small change of what must not fail (T=file: of that one)
	@$(PY) -m host_tests.mutants $(T)

pictures: $(READY) ## Take the pictures of the desk's page anew; needs Chromium
	@OVMS_PICTURES=build/pictures $(PY) -m pytest -n0 host_tests/desk/test_web.py
	@mkdir -p docs/pictures && for look in day night; do \
	  cp build/pictures/faults-$$look-top.jpg docs/pictures/desk-$$look.jpg; done

nightly: $(READY) ## README's commands on a Debian 13, and a Home Assistant (root; NIGHTLY='options')
	@$(PY) -m tools.nightly $(NIGHTLY)

clean: ## Remove what was built; .venv and .cache stay
	@rm -rf build .pytest_cache .ruff_cache .mypy_cache .hypothesis
	@find . -name __pycache__ -not -path './.venv/*' -not -path './.cache/*' -prune -exec rm -rf {} +
