#!/usr/bin/env bash
# Builds Hoglet where needed and runs it: ./hoglet.sh [command…], `serve` when none is given.
set -euo pipefail
root="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
binary="$root/.build/release/hoglet"

# What setup and build say goes to standard error: standard output belongs to the program (`hoglet map` is piped).
"$root/scripts/setup.sh" >&2
if [[ ! -x "$binary" ]]; then echo "hoglet.sh: building; the first time takes some minutes" >&2; fi
swift build --package-path "$root" --configuration release --product hoglet --quiet >&2

if [[ $# -eq 0 ]]; then set -- serve; fi
exec "$binary" "$@"
