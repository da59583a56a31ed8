# What can be done here: make run | pages | screens | test | torture | check | bench | bench-soak | bench-peers | pgo | docs | docs-shown | fuzz | build.
GO      ?= go
BIN     := bin/tocsin
FUZZ    ?= 5s
FUZZAGAIN ?= 20s
TORTURE ?= 30
VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)

.PHONY: build pages screens run parts test torture check bench bench-soak bench-peers docs docs-shown fuzz clean

build: pages rules/builtin.zip ## one static binary, with the pages where npm is there
	CGO_ENABLED=0 $(GO) build -trimpath -tags packed -ldflags "-s -w -X main.version=$(VERSION)" -o $(BIN) ./cmd/tocsin

# A bare go build has the rules in it as they are; this archive of them makes the program a megabyte smaller.
rules/builtin.zip: $(shell find rules/builtin) internal/packrules/main.go
	@$(GO) run ./internal/packrules

# The bundle is made anew when a source of it is newer. Without npm the program is built all the same, and says in its console
# that it has no pages.
pages: ## web/dist, the console's pages, from web/src
	@if command -v npm >/dev/null; then $(MAKE) --no-print-directory web/dist/index.html.gz; \
	  elif [ ! -e web/dist/index.html.gz ]; then echo "SKIPPED: no npm here: the program is built without the console's pages" >&2; fi

web/dist/index.html.gz: web/node_modules/.package-lock.json $(shell find web/src -type f 2>/dev/null) $(wildcard internal/bundle/*.go) web/tsconfig.json
	$(GO) run ./internal/bundle

web/node_modules/.package-lock.json: web/package.json web/package-lock.json web/.npmrc
	cd web && npm ci --no-audit --no-fund --loglevel=error
	@touch $@

screens: pages ## docs/screens, pictures of the pages as they are, from a real browser
	@mkdir -p docs/screens
	TOCSIN_SCREENS=$(CURDIR)/docs/screens $(GO) test ./web -run '^TestScreens$$' -count=1 -v

run: build ## the main job, on this machine, until Ctrl-C: what it logs is watched, kept and found again
	@echo "$(BIN) demo serves a made-up night with an attack in it, to look around in; this is your own machine:"
	@$(BIN) serve

parts: ## the real programs that tests start, from Debian's packages, where they are missing
	@internal/parts/install.sh

test: parts ## all tests, the longest first; each fuzz test for $(FUZZ)
	@$(MAKE) --no-print-directory pages
	$(GO) test ./cmd/tocsin ./web ./...
	@$(MAKE) --no-print-directory fuzz

# Two at a time: most of a short one is building it.
fuzz:
	@grep -rHo '^func Fuzz[A-Za-z0-9]*' --include='*_test.go' . | sed 's|/[^/]*:func | |' | sort | xargs -P 2 -L 1 .ci/fuzz $(FUZZ) $(FUZZAGAIN)

torture: ## the store, and serve for TORTURE minutes, are killed at random moments under load; nothing may be lost or doubled
	TOCSIN_TORTURE=$(TORTURE) $(GO) test ./store -run '^TestKill$$' -count=1 -v -timeout 0
	TOCSIN_TORTURE=$(TORTURE) $(GO) test ./cmd/tocsin -run '^TestServeThroughKills$$' -count=1 -v -timeout 0

check: ## everything that can be said of the code without running it
	$(GO) vet ./...
	$(GO) tool staticcheck ./...
	@out=$$($(GO) tool gofumpt -l .); test -z "$$out" || { echo "gofumpt would change:"; echo "$$out"; exit 1; }
	@out=$$($(GO) tool deadcode -test ./...); test -z "$$out" || { echo "dead code:"; echo "$$out"; exit 1; }
	@$(GO) mod tidy -diff
	@if [ -d web/node_modules/typescript ]; then cd web && node_modules/.bin/tsc; else echo "SKIPPED: types of the pages: make pages installs what checks them"; fi
	@$(GO) tool govulncheck ./... >/tmp/tocsin-vuln.$$$$ 2>&1; s=$$?; \
	  if grep -q 'fetching vulnerabilities\|no such host\|connection refused\|403 Forbidden\|404 Not Found\|i/o timeout' /tmp/tocsin-vuln.$$$$; then \
	    echo "SKIPPED: govulncheck: its database cannot be had here"; s=0; \
	  elif [ $$s -ne 0 ]; then cat /tmp/tocsin-vuln.$$$$; fi; rm -f /tmp/tocsin-vuln.$$$$; exit $$s

docs: ## docs/reference, from the code
	@$(GO) test ./cmd/tocsin -run '^TestReference$$' -count=1 -update

docs-shown: ## what the commands in README.md and docs/GUIDE.md print, written into them anew
	@$(GO) test ./cmd/tocsin -run '^TestDocuments$$' -count=1 -update

bench: ## Go benchmarks, and one whole hunt; writes the figures of docs/PERFORMANCE.md
	$(GO) run ./internal/bench

bench-soak: ## ten minutes of a steady load on serve; writes its part of docs/PERFORMANCE.md
	$(GO) run ./internal/bench -soak 10m

bench-peers: build ## tocsin beside other engines on the same events and rules; PEERS='-quick -only json,attack' for less
	$(GO) run ./internal/bench/peers $(PEERS)

# go build finds the profile by its name. Make it anew when what is hot has moved.
pgo: ## the profile by which the compiler optimises the program; needs the reference data
	@mkdir -p bin
	$(GO) test -pgo=off -run '^$$' -bench '^BenchmarkHunt$$' -benchtime 1x -cpuprofile cmd/tocsin/default.pgo -o bin/pgo.test ./cmd/tocsin

clean:
	rm -rf bin
