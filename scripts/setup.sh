#!/usr/bin/env bash
# Installs the Debian packages that building Hoglet needs; with --tests also those that testing needs.
# Quiet and quick when everything is there already.
set -euo pipefail

packages=(libcurl4-openssl-dev libnghttp2-dev liblmdb-dev libdeflate-dev libzstd-dev libssl-dev libsqlite3-dev pkg-config)
if [[ "${1:-}" == "--tests" ]]; then
  packages+=(python3 python3-venv curl openssl zstd sqlite3)
elif [[ $# -gt 0 ]]; then
  echo "usage: scripts/setup.sh [--tests]" >&2
  exit 64
fi

if ! command -v swift >/dev/null; then
  echo "setup: swift is not on PATH; install Swift 6.3 or later (https://www.swift.org/install/linux)" >&2
  exit 69
fi
version="$(swift --version 2>/dev/null | sed -nE 's/.*Swift version ([0-9]+)\.([0-9]+).*/\1 \2/p' | head -n 1)"
read -r major minor <<<"${version:-0 0}"
if ((major < 6 || (major == 6 && minor < 3))); then
  echo "setup: Swift 6.3 or later is needed, 'swift --version' says: $(swift --version 2>/dev/null | head -n 1)" >&2
  exit 69
fi

if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; then
  echo "setup: no apt here, so nothing was installed; see to it that what these Debian packages hold is there:" >&2
  echo "setup:   ${packages[*]}" >&2
  exit 0
fi

missing=()
for package in "${packages[@]}"; do
  status="$(dpkg-query --show --showformat='${db:Status-Abbrev}' "$package" 2>/dev/null || true)"
  [[ "$status" == ii* ]] || missing+=("$package")
done
if ((${#missing[@]} == 0)); then exit 0; fi

as_root=()
if ((EUID != 0)); then
  if ! command -v sudo >/dev/null; then
    echo "setup: these packages are missing and neither root nor sudo is at hand; as root, run:" >&2
    echo "setup:   apt-get install --yes ${missing[*]}" >&2
    exit 77
  fi
  as_root=(sudo)
fi

echo "setup: installing ${missing[*]}"
install=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install --yes --quiet=2 --no-install-recommends "${missing[@]}")
# Package lists may be absent (a fresh image) or name versions that are gone by now: fetch them, then try once more.
if ! "${install[@]}" >/dev/null 2>&1; then
  "${as_root[@]}" apt-get update --quiet=2
  "${install[@]}" >/dev/null
fi
