# Everything there is to do. `make run` is the first one to try; it installs what is missing where it may.

.PHONY: run run-release test test-web journeys web sqlx bench lint fmt docs
SHELL := /bin/bash
CARGO ?= cargo
ARGS ?=

run: postgres            ## Build for speed of building, and start; the first start makes a demo
	$(CARGO) run --bin posada -- serve $(ARGS)

run-release: postgres    ## Build for speed of running, and start: for load tests
	$(CARGO) run --release --bin posada -- serve $(ARGS)

test: postgres           ## Everything: Rust, the page, journeys through a browser
	$(CARGO) test --workspace
	@$(MAKE) --no-print-directory test-web journeys

test-web: node           ## Unit tests of the page
	@if [ -f web/package.json ]; then cd web && ([ -d node_modules ] || npm ci --no-audit --no-fund) && npm test; fi

journeys: node chromium  ## Journeys through a real browser
	@if [ -f web/package.json ] && grep -q '"e2e"' web/package.json; then $(CARGO) build --bin posada && cd web && npm run e2e; fi

web: node                ## Build the page anew into web/dist, which is committed
	cd web && ([ -d node_modules ] || npm ci --no-audit --no-fund) && npm run build

sqlx:                    ## Write .sqlx, with which queries are checked where no database is; needs DATABASE_URL
	scripts/sqlx-prepare

bench:                   ## Benchmarks of the live map and the gazetteer
	$(CARGO) bench --workspace

lint:                    ## What CI refuses
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets -- -D warnings

fmt:                     ## Format
	$(CARGO) fmt --all

docs:                    ## Write anew what is made from the code
	$(CARGO) run --quiet --bin posada -- config reference > docs/configuration.md
	UPDATE=1 $(CARGO) test --package posada --lib openapi_document

# What the machine must have. Root on a Debian-like system gets it installed; everyone else is told the one command that does.
.PHONY: postgres node chromium
postgres:
	@command -v initdb >/dev/null || ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || [ -n "$$DATABASE_URL" ] \
		|| { $(call install,postgresql,PostgreSQL); }
node:
	@node -e 'process.exit(parseInt(process.versions.node) >= 20 ? 0 : 1)' 2>/dev/null \
		|| { echo "Node.js 20 or newer is missing: see https://nodejs.org or apt-get install -y nodejs npm (Debian 13 and later)"; exit 1; }
chromium:
	@command -v chromium >/dev/null || { $(call install,chromium,Chromium); }

# $(call install,package,name)
define install
if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -y -q $(1); \
else echo "$(2) is missing: sudo apt-get install -y $(1)"; exit 1; fi
endef
