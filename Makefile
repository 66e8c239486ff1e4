# Every target works from a clean clone. "make up" and "make test" also work on
# a bare Debian or Ubuntu machine, as root: they prepare it first.
VERSION := $(shell git describe --tags --always --dirty 2>/dev/null)
LDFLAGS := -s -w -X github.com/kindctl/kindctl/internal/cli.version=$(VERSION)
# Charts and manifests of CNIs become part of the binary; they are not committed.
CHARTS := GOOS= GOARCH= go run ./internal/charts/pack
ARGS ?= --cni cilium
# All is built as releases are, so that packages are compiled once; .goreleaser.yaml
# says the same. A checkout that git does not trust, as in some CI, builds as well.
export GOFLAGS := $(GOFLAGS) -trimpath -buildvcs=false
export CGO_ENABLED := 0
BUILD := go build -ldflags '$(LDFLAGS)'
# In CI unit tests look for data races too, which takes cgo and several times as
# long, and say what they cover, and none is skipped because a chart is not there.
IN_CI := $(filter true 1,$(CI))
COVERAGE := coverage.out
GOLANGCI_LINT := github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0

.PHONY: help build install release-binary host up down test test-tools test-unit cover test-e2e test-long test-cases test-faults test-chaos test-vm bench recording lint
.NOTPARALLEL:

help: ## list the targets
	@awk -F':.*## ' '/^[a-z0-9-]+:.*## / {printf "  %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

build: ## build bin/kindctl
	@$(CHARTS) || echo "kindctl is built without charts: it will look for them in the node image, then at the module proxy" >&2
	$(BUILD) -o bin/kindctl .

install: ## install kindctl to GOBIN
	@$(CHARTS) || echo "kindctl is built without charts: it will look for them in the node image, then at the module proxy" >&2
	go install -ldflags '$(LDFLAGS)' .

release-binary: ## what a release is, with charts: OUT=PATH, for GOOS and GOARCH
	$(CHARTS)
	$(BUILD) -o $(or $(OUT),bin/release/kindctl) .

host: ## make a bare machine ready; touches nothing that is in order
	@hack/prepare-host.sh

up: host build ## a verified cluster (ARGS="--cni calico -n lab" for another one)
	bin/kindctl up $(ARGS)

down: build ## remove all clusters
	bin/kindctl down --all

test: host test-unit test-e2e ## every test; end-to-end tests run real clusters

test-unit: ## unit, golden and command tests: fast, no Docker, no network
	$(if $(IN_CI),$(CHARTS))
	go vet ./...
	$(if $(IN_CI),CGO_ENABLED=1) go test $(if $(IN_CI),-race -coverprofile=$(COVERAGE)) ./...
	$(if $(IN_CI),@hack/coverage.sh $(COVERAGE))

cover: ## how much the unit tests cover: in total, and the least covered packages
	go test -coverprofile=$(COVERAGE) ./...
	@hack/coverage.sh $(COVERAGE)

# What holds reports to the schemas that CI systems have.
test-tools:
	@command -v xmllint >/dev/null || ! command -v apt-get >/dev/null || apt-get install -y -qq --no-install-recommends libxml2-utils </dev/null >/dev/null || echo "xmllint could not be installed, so that a test will be skipped"

# Tests with real clusters log a lot; this repeats at the end what failed, and why.
GOTESTSUM = go run gotest.tools/gotestsum@v1.13.0 --format standard-verbose --hide-summary skipped --

test-e2e: test-tools ## real clusters with both CNIs
	$(GOTESTSUM) -tags e2e -short -count=1 -parallel 2 -timeout 85m ./test/e2e/...

test-long: host test-unit test-tools ## the same and the long ones: killed commands, restarts, several clusters
	$(GOTESTSUM) -tags e2e -count=1 -parallel 2 -timeout 150m ./test/e2e/...

test-cases: host ## what people bring, case by case; writes docs/compatibility.md (about an hour)
	$(GOTESTSUM) -tags e2e -count=1 -timeout 150m ./test/e2e -run '^TestCases$$' -document $(CURDIR)/docs/compatibility.md

test-faults: host ## break real clusters, fault by fault; writes docs/faults.md (about an hour)
	$(GOTESTSUM) -tags faults -count=1 -timeout 150m ./test/faults -document $(CURDIR)/docs/faults.md

test-chaos: host ## break a cluster while objects are written to it, and count what is lost (minutes)
	$(GOTESTSUM) -tags chaos -count=1 -timeout 60m ./test/chaos

test-vm: host ## kube-proxy in mode ipvs on a kernel that has it, in an emulated machine (minutes)
	@command -v qemu-system-x86_64 >/dev/null || apt-get install -y -qq --no-install-recommends qemu-system-x86 e2fsprogs </dev/null >/dev/null
	$(GOTESTSUM) -tags vm -count=1 -timeout 60m ./test/vm

.PHONY: test-conformance
# Half an hour of processor time the first time, to compile the tests.
test-conformance: host ## Kubernetes' own conformance tests with both CNIs; writes docs/conformance.md (hours)
	go test -tags conformance -count=1 -timeout 14h -v ./test/conformance -args -document $(CURDIR)/docs/conformance.md $(CONFORMANCE)

bench: ARGS = --cni cilium,calico --nodes 1,3,5,8 --production
bench: host build ## measure up beside the stock way, for hours; writes docs/performance.md
	go run ./test/bench --document docs/performance.md $(ARGS)

.PHONY: bench-instant
bench-instant: ARGS =
bench-instant: host build ## measure the pool, reset, restore and start, for hours; writes docs/performance.md
	go run ./test/bench instant --document docs/performance.md $(ARGS)

recording: host build ## record kindctl up for the README; writes docs/up.svg
	@if bin/kindctl get clusters -o name | grep -qx demo; then echo "remove cluster demo first: bin/kindctl down -n demo"; exit 1; fi
	go run ./hack/recording -o docs/up.svg -- bin/kindctl up --cni cilium -n demo
	bin/kindctl down -n demo

lint: ## golangci-lint, compiled the first time (minutes); shellcheck where it is installed
	go run $(GOLANGCI_LINT) run
	@if command -v shellcheck >/dev/null; then set -x; shellcheck .ci/run hack/*.sh; fi
