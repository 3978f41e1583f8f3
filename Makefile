# Everything there is to do. `make run` is the first one to try; it installs what is missing where it may.

SHELL := /bin/bash
CARGO ?= cargo
ARGS ?=

.PHONY: help run run-release test soak test-web journeys web web-check sqlx bench bench-quick fuzz schemathesis lint fmt audit docs deps dashboard-picture
help:                    ## This list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 14

run: compiler postgres   ## Build for speed of building, and start; the first start makes a demo
	$(CARGO) run --bin posada -- serve $(ARGS)

run-release: compiler postgres ## Build for speed of running, and start: for load tests
	$(CARGO) run --release --bin posada -- serve $(ARGS)

test: compiler postgres prometheus ## Everything: Rust, the page, journeys through a browser
	$(CARGO) test --workspace
	@$(MAKE) --no-print-directory test-web journeys

test-web: web/node_modules ## Unit tests of the page
	cd web && npm test

journeys: web/node_modules chromium ## Journeys through a real browser
	$(CARGO) build --bin posada
	cd web && npm run e2e

web: web/node_modules    ## Build the page anew into web/dist, which is committed
	cd web && npm run build

web-check: web/node_modules ## Lint and types of the page; its types and its build are what is committed
	cd web && npm run lint && npm run check && npm run gen && npm run build
	@test -z "$$(git status --porcelain -- web/dist web/src/api/schema.d.ts)" \
		|| { git status --short -- web/dist web/src/api/schema.d.ts; echo "web/dist or web/src/api/schema.d.ts is not current: make docs web, and commit"; exit 1; }

sqlx:                    ## Write .sqlx, with which queries are checked where no database is; needs DATABASE_URL
	scripts/sqlx-prepare

bench: compiler postgres peers ## Posada beside nchan, nats-server and the kernel's limit, and what is inside it; writes docs/benchmarks.md
	$(CARGO) build --release --package posada --package posada-loadtest --bins
	@mkdir -p docs/benchmarks
	$(CARGO) bench --workspace > docs/benchmarks/cargo-bench.txt
	target/release/loadtest bench

bench-quick: compiler postgres peers ## The same ratios small, in under three minutes; nothing is written
	$(CARGO) build --release --package posada --package posada-loadtest --bins
	target/release/loadtest bench --quick

fuzz: compiler cxx        ## Fuzz every parser for SECONDS_EACH (60): frames, filters, cursors, imports, tokens
	scripts/fuzz $(or $(SECONDS_EACH),60)

schemathesis: compiler postgres ## Ask every HTTP operation of a server everything its document allows and forbids
	$(CARGO) build --bin posada
	scripts/schemathesis

soak: compiler postgres  ## What is broken at random, for longer: 1,000 clients behind a bad network, 100 kills
	POSADA_SEEDS=1000 POSADA_KILLS=100 $(CARGO) test --package posada --test it -- --nocapture faults::network faults::kill

lint:                    ## What CI refuses
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets -- -D warnings

fmt:                     ## Format
	$(CARGO) fmt --all

audit:                   ## Licences, sources and bans of dependencies; known holes where that database can be reached
	@$(CARGO) deny --version >/dev/null 2>&1 || $(CARGO) install cargo-deny --locked --debug
	$(CARGO) fetch --locked
	$(CARGO) deny --offline check licenses bans sources
	@if $(CARGO) deny fetch db >/dev/null 2>&1; then $(CARGO) deny check advisories; \
		else echo "SKIPPED: the RustSec database cannot be reached from here, so known holes were not looked for"; fi

docs: web/node_modules   ## Write anew what is made from the code
	$(CARGO) run --quiet --bin posada -- config reference > docs/configuration.md
	UPDATE=1 $(CARGO) test --package posada --lib openapi_document
	cd web && npm run gen

dashboard-picture: postgres prometheus chromium web/node_modules ## Draw the dashboard from a load test, to look at
	$(CARGO) build --package posada --package posada-loadtest --bins
	node web/scripts/dashboard-picture.mjs

# What the machine must have. Root on a Debian-like system gets it installed; everyone else is told the one command that does.
.PHONY: compiler cxx postgres prometheus peers node chromium
deps: compiler postgres prometheus peers node chromium web/node_modules ## What all of the above need
compiler:
	@command -v cc >/dev/null || { $(call install,gcc libc6-dev,A C compiler); }
	@command -v $(CARGO) >/dev/null || { echo "Rust is missing: see https://rustup.rs"; exit 1; }
cxx:
	@command -v c++ >/dev/null || { $(call install,g++,A C++ compiler); }
postgres:
	@command -v initdb >/dev/null || ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || [ -n "$$DATABASE_URL" ] \
		|| { $(call install,postgresql,PostgreSQL); }
prometheus:
	@command -v prometheus >/dev/null && command -v promtool >/dev/null || { $(call install,prometheus,Prometheus with promtool); }
peers:
	@{ command -v nats-server && [ -e /usr/lib/nginx/modules/ngx_nchan_module.so ]; } >/dev/null \
		|| { $(call install,nginx libnginx-mod-nchan nats-server,What Posada is compared with); }
node:
	@node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)' 2>/dev/null \
		|| { echo "Node.js 20.19 or newer is missing: see https://nodejs.org, or apt-get install -y nodejs npm (Debian 13 and later)"; exit 1; }
chromium:
	@command -v chromium >/dev/null || { $(call install,chromium,Chromium); }
web/node_modules: node web/package-lock.json
	cd web && npm ci && touch node_modules

# $(call install,packages,name)
define install
if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -y -q $(1); \
else echo "$(2) is missing: sudo apt-get install -y $(1)"; exit 1; fi
endef
