#!/usr/bin/env bash
# Runs every check there is: build, tests (Swift, and end to end with real programs), format.
# Arguments go to `swift test`, for example: ./test.sh --filter StoreTests
set -euo pipefail
root="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
cd "$root"

say() { printf '\n== %s (%s s)\n' "$1" "$SECONDS"; }

say "packages of the system"
scripts/setup.sh --tests

say "Python for the end-to-end tests"
venv=".build/test-venv"
pinned="$venv/installed-requirements.txt"
if ! cmp --silent scripts/test-requirements.txt "$pinned"; then
  rm -rf "$venv"
  mkdir -p .build
  python3 -m venv "$venv"
  if ! "$venv/bin/pip" install --quiet --disable-pip-version-check --requirement scripts/test-requirements.txt; then
    echo "test.sh: pip could not install scripts/test-requirements.txt; is PyPI (or a mirror, PIP_INDEX_URL) in reach?" >&2
    exit 69
  fi
  cp scripts/test-requirements.txt "$pinned"
fi
export HOGLET_TEST_PYTHON="$root/$venv/bin/python"

say "build"
swift build --build-tests
# What the end-to-end tests start: the binary of this build, unless another one is asked for.
export HOGLET_TEST_BINARY="${HOGLET_TEST_BINARY:-$(swift build --show-bin-path)/hoglet}"

say "tests"
# Many tests wait for a program or a socket: too many at once, and those that are due wait for a thread instead.
export SWT_EXPERIMENTAL_MAXIMUM_PARALLELIZATION_WIDTH="${SWT_EXPERIMENTAL_MAXIMUM_PARALLELIZATION_WIDTH:-4}"
# A crashing child would otherwise leave swift-backtrace holding the pipe for ever.
SWIFT_BACKTRACE=enable=no swift test --skip-build --disable-xctest "$@"

# Only with all tests: building everything once more takes longer than most of them.
if [ $# -eq 0 ]; then
  say "fuzz"
  scripts/fuzz.sh 15
fi

say "format"
swift format lint --strict --recursive Package.swift Sources Tests

say "all good"
