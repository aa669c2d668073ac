# The few commands of the project. Each sets up what it needs, and is quick if nothing has changed.
SHELL := /bin/bash
PREFIX ?= /usr/local
JOBS := $(or $(EAI_JOBS),$(shell nproc 2>/dev/null || sysctl -n hw.ncpu))
CLANG_FORMAT ?= clang-format-14
TOOLS := $(CURDIR)/build/test-tools
PEERS := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/eai/peers/clients

.PHONY: build web demo test peers browser conformance attack install lint format bench clean packages test-packages dev

build: packages web  ## the program, ready to run: build/release/bin/eai
	@setup/llama_engine.sh >/dev/null && setup/image_engine.sh >/dev/null
	@[ -f build/release/build.ninja ] || cmake --preset release
	@cmake --build --preset release --parallel $(JOBS)

web: packages  ## only the page that the server brings along; the program gets it with the next build
	@setup/web.sh

demo: build  ## the main job on the models that ship with the program, without a network
	@tools/demo.sh build/release

dev: test-packages web
	@[ -f build/dev/build.ninja ] || cmake --preset dev
	@cmake --build --preset dev --parallel $(JOBS)

# One ctest runs everything: unit tests and fuzz seeds in the sanitizers' build, lints, and end to end tests on release.
test: test-packages build dev  ## all tests
	@setup/test_tools.sh $(TOOLS)
	@setup/kubo.sh >/dev/null && setup/cluster.sh >/dev/null && setup/nginx.sh >/dev/null
	@ctest --preset dev --parallel $(JOBS)

# Not part of `make test`, since these clients come with 700 MB of packages. They are kept outside the build folder.
peers: test-packages build  ## further clients against the program: LiteLLM, LangChain, LlamaIndex, Vercel's AI SDK
	@setup/test_tools.sh $(PEERS) peers
	@cd tests/peers && EAI_BUILD=$(CURDIR)/build/release EAI_TEST_TOOLS=$(PEERS) PYTHONPATH=../e2e PYTHONDONTWRITEBYTECODE=1 \
	  ../offline.sh $(PEERS)/venv/bin/python -m pytest -q -p no:cacheprovider -p conftest $(NAMES)

# Not part of `make test`: on a busy machine, some of its waits for the browser are still too short.
browser: test-packages build  ## the page in Chromium, at the real server
	@setup/test_tools.sh $(TOOLS)
	@cd tests/e2e && EAI_BUILD=$(CURDIR)/build/release EAI_TEST_TOOLS=$(TOOLS) PYTHONDONTWRITEBYTECODE=1 \
	  ../offline.sh $(TOOLS)/venv/bin/python -m pytest -q -p no:cacheprovider page_in_browser.py

# Not part of `make test`, since the suites are fetched from their own repository; their cases are unit tests, too.
conformance: test-packages build  ## the official conformance suites of Trustless Gateways against `eai model seed`
	@program=$$(setup/conformance.sh) && tests/offline.sh python3 tests/conformance/run.py build/release "$$program"

# Not part of `make test`, since what it tries is left to chance. SECONDS=… and SEED=… are taken from the command line.
attack: build  ## generated requests that try to harm the server's other clients (3 minutes)
	@PYTHONDONTWRITEBYTECODE=1 tests/offline.sh python3 tests/attack/attack.py --build build/release \
	  $(if $(SECONDS),--seconds $(SECONDS)) $(if $(SEED),--seed $(SEED)) $(ATTACK)

lint: test-packages  ## only what reads the sources, with clang-tidy over all of them (minutes the first time)
	@[ -f build/dev/build.ninja ] || cmake --preset dev
	@ctest --preset dev --parallel $(JOBS) --label-regex lint
	@tests/lint/tidy.py --build build/dev --all --jobs $(JOBS)

# Built as the user who calls, and copied as root if the prefix is root's: `sudo make` would build the engines again, in
# root's cache.
install: prefix := $(patsubst ~%,$(HOME)%,$(PREFIX))
install: build  ## under PREFIX (default /usr/local)
	@as=; [ -n "$$DESTDIR" ] || { mkdir -p '$(prefix)' && [ -w '$(prefix)' ]; } 2>/dev/null || as=sudo; \
	  $$as cmake --install build/release --prefix '$(prefix)'

bench: test-packages build  ## measurements against rivals; NAMES="…" runs only these
	@setup/test_tools.sh $(TOOLS)
	@cmake --build --preset release --parallel $(JOBS) --target benches
	@bench/run.sh build/release $(TOOLS) $(NAMES)

format:
	@git ls-files '*.h' '*.cc' | xargs $(CLANG_FORMAT) -i

clean:  ## removes the build folder; the engines, which are kept elsewhere, stay
	@rm -rf build

packages:
	@if [ "$$(uname -s)" != Darwin ]; then setup/packages.sh build; fi

test-packages:
	@if [ "$$(uname -s)" != Darwin ]; then setup/packages.sh build test; fi
