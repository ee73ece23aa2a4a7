#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Shows a fleet at work: three instances of an example service write their requests to a real Kafka broker,
# and two relays write them to a real MLflow server. Sends requests, kills one of each, freezes two, and
# counts what is in MLflow.
#
#   examples/fleet.sh [--exit] [--rounds N] [--seed N] [--track-as AUTO|WINDOW]
#
# It stays up until Ctrl-C. With --exit it ends everything it started, and returns 0 only if each request
# that was safe is in MLflow once. With --rounds it kills or freezes a part so often, at random; the same
# seed chooses the same faults.
set -euo pipefail
cd "$(dirname "$0")/.."

arguments=("$@")
while (($#)); do
  case "$1" in
    --exit) shift ;;
    --rounds | --seed | --track-as) shift 2 || { echo "fleet: '$1' needs a value" >&2; exit 2; } ;;
    -h | --help) sed -n '4,13s/^# \{0,1\}//p' "$0"; exit 0 ;;
    *) echo "fleet: '$1' is not known; --help says what is" >&2; exit 2 ;;
  esac
done

for tool in java mvn python3; do
  command -v "$tool" >/dev/null || { echo "fleet: '$tool' is needed and is not on the PATH" >&2; exit 2; }
done

echo "fleet: building the service, the relay and the broker (the first build downloads their dependencies)"
mvn -B -q -DskipTests -pl examples/javalin-service,relay,testkit/kafka-broker -am package

exec python3 examples/fleet.py "${arguments[@]}"
