#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Measures what tracking costs. docs/benchmarks.md says how to read it.
#
#   benchmarks/run.sh service [--quick] [--rounds N] [--seconds S] ... (--help lists all)
set -euo pipefail
cd "$(dirname "$0")/.."

usage() { sed -n '4,6s/^# \{0,1\}//p' "$0"; }
case "${1:-}" in
  service) shift ;;
  -h | --help) usage; exit 0 ;;
  *) usage >&2; exit 2 ;;
esac
for tool in java javac mvn python3; do
  command -v "$tool" >/dev/null || { echo "benchmark: '$tool' is needed and is not on the PATH" >&2; exit 2; }
done

jar=examples/servlet-service/target/servlet-service.jar
sources=(pom.xml */pom.xml examples/*/pom.xml */src/main examples/*/src/main)
if [[ ! -f $jar || -n $(find "${sources[@]}" -type f -newer "$jar" -print -quit) ]]; then
  echo "benchmark: building $jar" >&2
  mvn -B -ntp -q -DskipTests -pl examples/servlet-service -am package </dev/null >&2
fi

exec python3 benchmarks/service.py "$@"
