# Two commands matter: `make serve` runs the book, `make test` passes the tests.
# Needs Python 3.11+ and Node 20+; everything else is installed into .venv and node_modules.

# Two parts at a time: installing Python's packages and JavaScript's, or checking the code beside a build.
MAKEFLAGS += --jobs=2

# Bytecode is stored, whatever an image of the machine asks for: tests and installation start Python some
# hundred times, and two thirds of an import without it go to the compiler.
export PYTHONDONTWRITEBYTECODE =

PYTHON ?= python3
HOST ?= 127.0.0.1
PORT ?= 8000
NAME ?=
PAPER ?= a4
ADDRESS ?=
SINCE ?= main
BIN := .venv/bin
LATENTBOOK := $(BIN)/latentbook

.PHONY: serve test test-long prepared test-data quick build pdf check train bench lint lock chromium firefox webkit screenshots numpy-tests wheel release clean docker-steps
.DEFAULT_GOAL := serve

serve: .venv/.serve node_modules/.installed
	@$(LATENTBOOK) serve --host $(HOST) --port $(PORT)

build: .venv/.serve node_modules/.installed
	@$(LATENTBOOK) build

# All of the book on paper, as build/TITLE.pdf. PAPER=letter; ADDRESS=https://… where the book is served.
pdf: .venv/.dev node_modules/.installed chromium
	@$(LATENTBOOK) build --pdf --paper $(PAPER) --address "$(ADDRESS)"

check: .venv/.dev node_modules/.installed
	@$(LATENTBOOK) check

train: .venv/.serve
	@$(LATENTBOOK) train $(NAME)

bench: .venv/.dev node_modules/.installed chromium
	@$(LATENTBOOK) bench $(NAME)

# Nobody waits for this site's bytes, so it is compressed less than one that is served.
test test-long prepared: export LATENTBOOK_BROTLI_QUALITY = 9
# A worker that has nothing left takes half of what another has.
test: prepared
	@$(BIN)/python -m tools.again "not long and not release" --dist worksteal

# The build precedes the tests: what they build themselves then comes out of its caches.
prepared: .venv/.dev node_modules/.installed
	@$(MAKE) --no-print-directory --jobs=4 lint chromium build test-data

# The checks for what differs from the main branch (SINCE=HEAD~1: from something else), in a minute.
quick: .venv/.dev node_modules/.installed
	@$(BIN)/python -m tools.quick $(SINCE)

# What takes minutes by itself, from Firefox to the wheel: CONTRIBUTING.md has the list.
# Asked for with `make test`, it comes afterwards: each has the whole machine.
test-long: prepared $(filter test,$(MAKECMDGOALS))
	@$(MAKE) --no-print-directory --jobs=1 firefox webkit
	@$(BIN)/python -m tools.again "long and not release" --dist loadfile --no-loadscope-reorder

lint: .venv/.dev node_modules/.installed
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy
	@node_modules/.bin/tsc --noEmit

# The network is needed here, and not while tests run.
test-data: .venv/.dev node_modules/.installed
	@$(BIN)/python -m tests.fetch

chromium: .venv/.dev
	@sh tools/chromium.sh

firefox:
	@sh tools/firefox.sh

webkit:
	@sh tools/webkit.sh

screenshots: .venv/.dev node_modules/.installed chromium
	@$(BIN)/python -m tools.screenshots

# NumPy's own tests in the page's Python, fresh and out of a snapshot: minutes, so not part of `make test`.
numpy-tests: .venv/.dev node_modules/.installed
	@$(BIN)/python tools/numpy_tests.py

# Everything in one file that pip installs: no checkout and no Node are needed then.
wheel: .venv/.serve node_modules/.installed
	@$(BIN)/python -m tools.wheel

# All tests, none left to another lot (tests/lot.py); the wheel, tried as its users do: installed into
# an empty environment, without Node, without and with PyTorch; and the tests that are for a release
# only (docs/releasing.md).
release: .venv/.dev node_modules/.installed chromium build
	@$(MAKE) --no-print-directory test test-long LATENTBOOK_LOT=
	@$(BIN)/python -m tools.release
	@$(BIN)/python -m pytest -m release

# Writes the lock files anew from pyproject.toml and package.json.
lock: .venv/.dev
	@sh tools/lock.sh

clean:
	rm -rf build

# The steps of the Dockerfile, one after another, outside of it.
docker-steps: .venv/.serve node_modules/.installed build
	@$(BIN)/python -m tools.bundles

IMAGE ?= latentbook
.PHONY: image test-image
# The image, by Docker, Podman or Buildah. IMAGE=name:tag.
image:
	@sh tools/image.sh $(IMAGE)

# The same without a registry, and then what it does: as root, and minutes, so not part of `make test`.
test-image:
	@sh tools/test_image.sh

# Installation, redone when what it depends on changes.
.venv/bin/python:
	@sh tools/python.sh $(PYTHON)

.venv/.serve: requirements-uv.lock requirements.lock pyproject.toml tools/torch.sh | .venv/bin/python
	@echo "Installing Python packages"
	@sh tools/pip.sh requirements.lock
	@sh tools/torch.sh
	@touch $@

.venv/.dev: requirements-dev.lock .venv/.serve
	@echo "Installing Python packages for development"
	@sh tools/pip.sh requirements-dev.lock
	@touch $@

node_modules/.installed: package.json package-lock.json
	@sh tools/npm.sh
	@touch $@
