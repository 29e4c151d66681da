# `make check` is what a change must pass, here and in CI.

CARGO ?= cargo
export RUSTDOCFLAGS ?= -D warnings

.PHONY: check format lint test docs check-cuda check-neon check-clients bench

check: format lint test docs

format:
	$(CARGO) fmt --all --check

lint:
	$(CARGO) clippy --workspace --all-targets -- -D warnings

test:
	$(CARGO) test --workspace

docs:
	$(CARGO) doc --workspace --no-deps

# The Rust side of feature `cuda`, with a stand-in for NVIDIA's compiler.
check-cuda:
	scripts/check-cuda

# The kernels' tests on 64-bit Arm, emulated.
check-neon:
	scripts/check-neon

# What needs Python: full-vocabulary outputs against transformers.
check-clients:
	scripts/check-clients

bench:
	$(CARGO) bench --workspace
