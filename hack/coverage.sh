#!/bin/sh
# Prints how many of the statements the unit tests run, from a profile of "go test
# -coverprofile": of all packages, and of the ten least covered. Each package counts by its
# own tests alone.
set -eu

awk 'NR > 1 {
  package = $1
  sub("/[^/]*$", "", package)
  if (package ~ "^github.com/kindctl/kindctl/(hack|test)(/|$)" || package ~ "/internal/.*test$") next # these are tests
  statements[package] += $2; total += $2
  if ($3 > 0) { ran[package] += $2; covered += $2 }
}
END {
  printf "%.1f%% of %d statements; the least covered packages:\n", 100 * covered / total, total
  fflush()
  for (package in statements)
    printf "%5.1f%% of %5d  %s\n", 100 * ran[package] / statements[package], statements[package], package | "sort -n | head -n 10"
}' "$1"
