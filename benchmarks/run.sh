#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Measures what Runtracker costs and what it reaches, beside its peers. docs/measurements.md says how to read it.
#
#   benchmarks/run.sh capture|service|delivery|idle|spool|window|pipeline|poison|fleet [--quick] ...   one benchmark; --help lists its settings
#   benchmarks/run.sh document                                            docs/measurements.md and docs/pipeline.md from the results
#   benchmarks/run.sh all [--quick]                                       every benchmark, then the document
#
# Needs what the build needs. Uses the test kit's Python environment, which holds MLflow, and installs it
# where it is missing.
set -euo pipefail
cd "$(dirname "$0")/.."

usage() { sed -n '6,8s/^# \{0,1\}//p' "$0"; }
case "${1:-}" in
  -h | --help) usage; exit 0 ;;
  "") usage >&2; exit 2 ;;
  all)
    shift
    for benchmark in capture service delivery idle spool window pipeline poison fleet; do
      "$0" "$benchmark" "$@"
    done
    exec "$0" document "$@"
    ;;
esac
for tool in java mvn python3; do
  command -v "$tool" >/dev/null || { echo "benchmark: '$tool' is needed and is not on the PATH" >&2; exit 2; }
done

modules=benchmarks,relay,testkit/kafka-broker
jars=(benchmarks/target/benchmarks.jar relay/target/runtracker-relay.jar testkit/kafka-broker/target/kafka-broker-program.jar)
for service in servlet javalin spring; do
  modules+=,examples/$service-service
  jars+=("examples/$service-service/target/$service-service.jar")
done
sources=(pom.xml ./*/pom.xml ./*/*/pom.xml ./*/src/main ./*/*/src/main)
for jar in "${jars[@]}"; do
  if [[ ! -f $jar || -n $(find "${sources[@]}" -type f -newer "$jar" -print -quit) ]]; then
    echo "benchmark: building $modules" >&2
    mvn -B -ntp -q -Dmaven.test.skip=true -pl "$modules" -am package </dev/null >&2
    touch "${jars[@]}" # Maven leaves a jar alone that has not changed
    break
  fi
done

kit=testkit/mlflow-server/src/main/resources/io/runtracker/testkit
python3 "$kit/mlflow_server.py" install </dev/null
python=$(PYTHONPATH=$kit python3 -B -c 'import mlflow_server; print(mlflow_server.VENV_PYTHON)')
exec "$python" -B benchmarks/harness "$@"
