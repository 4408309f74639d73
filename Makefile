# Two commands are enough: `make serve` and `make test`.
# A fresh machine needs rustup's Rust, Node with npm, and a C compiler; the rest is installed into .tools and
# web/node_modules the first time it is needed. `make test` also needs a Chromium or Chrome.

# The bindings' tool must equal the library in Cargo.lock.
WASM_BINDGEN := $(shell sed -n '/^name = "wasm-bindgen"$$/{n;s/version = "\(.*\)"/\1/p;}' Cargo.lock)
TRUNK := 0.21.14
PORT := 8080

export PATH := $(CURDIR)/.tools/bin:$(CURDIR)/web/node_modules/.bin:$(PATH)

# Tools that run for seconds need not be compiled for minutes.
CHEAP := CARGO_TARGET_DIR="$(CURDIR)/.tools/build" CARGO_PROFILE_RELEASE_LTO=off \
  CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16
INSTALL := cargo install --locked --no-default-features --root .tools
SAY := printf '\n\033[1m== %s\033[0m\n'

PAGE_SOURCES := index.html Trunk.toml Cargo.toml Cargo.lock build.rs $(shell find src web/src web/bundle.mjs -type f) \
  $(shell find static -type f -not -path 'static/vendor/*')

.PHONY: help serve dev test lint unit web browser tools clean
help:
	@echo 'make serve    install what is missing and serve the playground on http://127.0.0.1:$(PORT)'
	@echo 'make dev      the same, quick to rebuild and slow to run, for work on the page'
	@echo 'make test     everything: make lint, make unit, make web, make browser'
	@echo 'make lint     formatting, and clippy for both targets'
	@echo 'make unit     unit, transcript and property tests'
	@echo 'make web      the release build of the page into dist, with its size'
	@echo 'make browser  the browser tests on dist (CHROMIUM=/path/to/chrome if it is not found)'
	@echo 'make clean    forget what was built; .tools stays'

serve: tools
	@$(SAY) 'Building the page; then it is on http://127.0.0.1:$(PORT)'
	@mkdir -p target/serve
	trunk serve --release --port $(PORT) --dist target/serve

dev: tools
	@mkdir -p target/serve
	trunk serve --port $(PORT) --dist target/serve

test: lint unit web browser
	@$(SAY) 'All tests passed'

lint: .tools/target.done
	@$(SAY) 'Formatting and clippy'
	cargo fmt --check
	cargo clippy --locked --all-targets -- -D warnings
	cargo clippy --locked --bin tabernetes --target wasm32-unknown-unknown -- -D warnings

unit:
	@$(SAY) 'Unit, transcript and property tests'
	cargo test --locked

web: dist/index.html
	@$(SAY) 'Size of the page'
	@node web/size.mjs dist

dist/index.html: $(PAGE_SOURCES) | tools
	@$(SAY) 'Release build of the page (one to three minutes when everything is new)'
	trunk build --release --dist dist
	@touch $@

browser: dist/index.html
	@$(SAY) 'Browser tests'
	node --test --test-concurrency=1 tests/browser/

tools: .tools/target.done .tools/wasm-bindgen-$(WASM_BINDGEN).done .tools/trunk-$(TRUNK).done web/node_modules/.package-lock.json
	@rm -rf .tools/build

.tools/target.done:
	@$(SAY) 'Adding the WebAssembly target'
	rustup target add wasm32-unknown-unknown
	@mkdir -p .tools && touch $@

.tools/wasm-bindgen-$(WASM_BINDGEN).done: | .tools/target.done
	@$(SAY) 'Installing wasm-bindgen $(WASM_BINDGEN) into .tools (once, one to two minutes)'
	$(CHEAP) CARGO_PROFILE_RELEASE_OPT_LEVEL=1 $(INSTALL) wasm-bindgen-cli@$(WASM_BINDGEN)
	@touch $@

.tools/trunk-$(TRUNK).done: | .tools/target.done
	@$(SAY) 'Installing Trunk $(TRUNK) into .tools (once, two to three minutes)'
	$(CHEAP) CARGO_PROFILE_RELEASE_OPT_LEVEL=0 $(INSTALL) trunk@$(TRUNK)
	@touch $@

web/node_modules/.package-lock.json: web/package.json web/package-lock.json
	@$(SAY) 'Installing the npm packages of web/package-lock.json'
	npm --prefix web ci --ignore-scripts
	@touch $@

clean:
	rm -rf dist test-results target
