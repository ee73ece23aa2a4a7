#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Shows Runtracker at work: builds an example service, starts it beside a real MLflow server, sends it
# requests, and prints the runs as MLflow reports them.
#
#   examples/demo.sh [javalin|servlet|spring] [--exit]
#
# Without a name it is the Javalin service. It stays up until Ctrl-C. With --exit it ends everything it
# started, and returns 0 only if every run is there and right. With MLFLOW_TRACKING_URI set, it uses that
# server instead of starting one.
set -euo pipefail
cd "$(dirname "$0")/.."

service=javalin
exit_flag=
for argument in "$@"; do
  case "$argument" in
    javalin | servlet | spring) service="$argument" ;;
    --exit) exit_flag=--exit ;;
    -h | --help) sed -n '4,11s/^# \{0,1\}//p' "$0"; exit 0 ;;
    *) echo "demo: '$argument' is not known; usage: examples/demo.sh [javalin|servlet|spring] [--exit]" >&2; exit 2 ;;
  esac
done

for tool in java mvn python3; do
  command -v "$tool" >/dev/null || { echo "demo: '$tool' is needed and is not on the PATH" >&2; exit 2; }
done

echo "demo: building examples/$service-service (the first build downloads its dependencies)"
mvn -B -q -DskipTests -pl "examples/$service-service" -am package

exec python3 examples/demo.py "$service" $exit_flag
