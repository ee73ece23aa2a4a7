#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Shows a fleet at work: three instances of an example service write their requests to a real Kafka broker,
# and two relays write them to a real MLflow server. Sends requests, kills one of each, and counts what is
# in MLflow.
#
#   examples/fleet.sh [--exit]
#
# It stays up until Ctrl-C. With --exit it ends everything it started, and returns 0 only if each request
# that was safe is in MLflow once.
set -euo pipefail
cd "$(dirname "$0")/.."

exit_flag=
for argument in "$@"; do
  case "$argument" in
    --exit) exit_flag=--exit ;;
    -h | --help) sed -n '4,11s/^# \{0,1\}//p' "$0"; exit 0 ;;
    *) echo "fleet: '$argument' is not known; usage: examples/fleet.sh [--exit]" >&2; exit 2 ;;
  esac
done

for tool in java mvn python3; do
  command -v "$tool" >/dev/null || { echo "fleet: '$tool' is needed and is not on the PATH" >&2; exit 2; }
done

echo "fleet: building the service, the relay and the broker (the first build downloads their dependencies)"
mvn -B -q -DskipTests -pl examples/javalin-service,relay,testkit/kafka-broker -am package

exec python3 examples/fleet.py $exit_flag
