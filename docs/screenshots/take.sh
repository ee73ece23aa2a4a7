#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Fills an MLflow server of its own through the real sink, and opens MLflow's page in a Chromium without a
# screen.
#
#   docs/screenshots/take.sh           takes the pictures of docs/reading-runs.md, of a day of a shop
#   docs/screenshots/take.sh blocks    measures for how long windows of several sizes block the page
#
# Needs JDK 17+, Maven, Python 3.10+, Node 18+ with npm, and Chromium (Debian: apt-get install chromium), or
# CHROMIUM=/path/to/it. Takes two to four minutes.
set -euo pipefail
cd "$(dirname "$0")/../.."
what=${1:-pictures}
[[ $what == pictures || $what == blocks ]] || { echo "screenshots: pictures or blocks, and not '$what'" >&2; exit 2; }

chromium=${CHROMIUM:-/usr/bin/chromium}
for tool in java mvn python3 node npm "$chromium"; do
  command -v "$tool" >/dev/null || { echo "screenshots: '$tool' is needed and was not found" >&2; exit 2; }
done
for name in $(compgen -e | grep -E '^(MLFLOW_|RUNTRACKER_)' || true); do
  [[ $name == RUNTRACKER_CACHE ]] || unset "$name"
done

work=$(mktemp -d)
server_pid=
clean_up() {
  trap - EXIT INT TERM
  if [[ -n $server_pid ]]; then
    kill "$server_pid" 2>/dev/null || true
    wait "$server_pid" 2>/dev/null || true
  fi
  rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

mvn -B -ntp -q -DskipTests -pl tracker-cli -am package </dev/null
npm install --prefix "$work" --no-audit --no-fund --silent playwright-core@1.65.1
cp docs/screenshots/*.js "$work/"

python3 testkit/mlflow-server/src/main/resources/io/runtracker/testkit/mlflow_server.py \
  serve --dir "$work/server" --state-file "$work/state.json" --watch-pid $$ &
server_pid=$!
until [[ -e $work/state.json ]]; do
  kill -0 "$server_pid"
  sleep 0.2
done
url=$(python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["url"])' "$work/state.json")

export MLFLOW_TRACKING_URI=$url MLFLOW_EXPERIMENT_NAME=shop RUNTRACKER_SERVICE_NAME=shop HOSTNAME=web-1 CHROMIUM=$chromium
mkdir "$work/profile"
if [[ $what == blocks ]]; then
  java -cp tracker-cli/target/runtracker.jar docs/screenshots/Sizes.java 600 4000 50000 10000-plain
  node "$work/blocks.js" "$url" shop "$work/profile"
else
  java -cp tracker-cli/target/runtracker.jar docs/screenshots/Fill.java
  node "$work/take.js" "$url" shop "$work/profile" docs/screenshots
  ls -l docs/screenshots/*.png
fi
