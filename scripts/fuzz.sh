#!/usr/bin/env bash
# Runs the fuzz targets of Tests/Fuzzing under AddressSanitizer: scripts/fuzz.sh [seconds for each] [target…]
#
# They begin with Tests/Fuzzing/corpus and with what the repository has anyway (captures, mapping files). New inputs are
# kept in .build/fuzzing/<target>/found and used the next time; one that breaks a promise becomes
# .build/fuzzing/<target>/crash-…, and is run again with: .build/fuzz/release/Fuzzing --target=<target> <file>
set -euo pipefail
root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
cd "$root"
seconds="${1:-60}"
shift || true
export HOGLET_FUZZ=1 SWIFT_BACKTRACE=enable=no
# The compiler keeps some references where LeakSanitizer does not look; long stacks for each allocation take half the time.
export ASAN_OPTIONS="${ASAN_OPTIONS:-detect_leaks=0:malloc_context_size=6}"

# Optimised, or little would be tried in the time; assertions are checked all the same (Package.swift).
swift build --configuration release --sanitize=address --scratch-path .build/fuzz --product Fuzzing >&2
fuzzing=".build/fuzz/release/Fuzzing"
targets=("$@")
if [ ${#targets[@]} -eq 0 ]; then mapfile -t targets < <("$fuzzing" || true); fi

# Mapping files as the target wants them: a letter for the kind of file, then the file.
mapping_seeds() {
  local file letter
  for file in Mappings/*.yaml Mappings/overlays/*.yaml; do
    letter=d
    case "$file" in
      */properties.yaml) letter=p ;; */values.yaml) letter=v ;; */trace.yaml) letter=t ;;
      */redaction.yaml) letter=r ;; */dialects.yaml) letter=l ;; */overlays/*) letter=o ;;
    esac
    { printf '%s' "$letter"; cat "$file"; } >"$1/${file//\//-}"
  done
}

failed=0
for target in "${targets[@]}"; do
  work=".build/fuzzing/$target"
  rm -rf "$work/seeds"
  mkdir -p "$work/seeds" "$work/found"
  case "$target" in
    otlp) find Fixtures -name '*.pb' -size -16k | while read -r file; do cp "$file" "$work/seeds/${file//\//-}"; done ;;
    json) find Fixtures -name '*.otlp.json' | while read -r file; do cp "$file" "$work/seeds/${file//\//-}"; done ;;
    mapping) mapping_seeds "$work/seeds" ;;
  esac
  corpora=("$work/found")
  if [ -d "Tests/Fuzzing/corpus/$target" ]; then corpora+=("Tests/Fuzzing/corpus/$target"); fi
  corpora+=("$work/seeds")
  flags=()
  if [ -f "Tests/Fuzzing/corpus/$target.dict" ]; then flags+=("-dict=Tests/Fuzzing/corpus/$target.dict"); fi
  # 25 s and 2 GiB: more than anything may need, with AddressSanitizer's own share. 128 KiB: a small spool.
  if "$fuzzing" "--target=$target" "-max_total_time=$seconds" -rss_limit_mb=2048 -timeout=25 -max_len=131072 \
    -print_final_stats=1 "-artifact_prefix=$work/" "${flags[@]}" "${corpora[@]}" >"$work/log" 2>&1; then
    echo "$target: $(grep -a -E '^#[0-9]+.*(DONE|pulse|REDUCE|NEW)' "$work/log" | tail -1)"
  else
    failed=1
    echo "$target: broken; see $work/log" >&2
    grep -a -E 'broken promise|ERROR|SUMMARY|Fatal error|written to' "$work/log" | head -20 >&2
  fi
done
exit "$failed"
