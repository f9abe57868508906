#!/bin/sh
# Runs a task (tools/<task>.ts) under the pinned Node.js 24, after installing what is missing.
# Usage: sh tools/setup/run.sh <task> [arguments]
# It runs under whatever is there (dash, coreutils, npm with an older Node.js), so it uses POSIX sh only.
set -eu

root=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd -P)
cd "$root"
. tools/setup/messages.sh
. tools/setup/packages.sh
. tools/setup/servers.sh
. tools/setup/s3-server.sh
. tools/setup/key-service.sh
. tools/setup/postgres-servers.sh
. tools/setup/console.sh

task=${1:-}
program=tools/$task.ts
needs_s3=no
needs_key_service=no
needs_postgres_servers=no
needs_browser=no
needs_console=no
case $task in
  test) needs_servers=yes needs_s3=yes needs_key_service=yes needs_postgres_servers=yes needs_browser=yes needs_console=yes ;;
  bench) needs_servers=yes ;;
  demo) needs_servers=yes needs_console=yes program=examples/fleet/src/main.ts ;;
  release) needs_servers=no needs_console=yes ;;
  check | fix | generate | model) needs_servers=no ;;
  *) fail "unknown task \"$task\"" "Use one of: demo, test, check, fix, generate, bench, model, release." ;;
esac
shift

ensure_packages
if [ "$needs_servers" = yes ]; then ensure_servers; fi
if [ "$needs_s3" = yes ]; then ensure_s3_server; fi
if [ "$needs_key_service" = yes ]; then ensure_key_service; fi
if [ "$needs_postgres_servers" = yes ]; then ensure_postgres_servers; fi
if [ "$needs_console" = yes ]; then ensure_console; fi

PATH="$node_directory:$PATH"
export PATH
# exec: the task takes this process's place, so Ctrl-C and exit codes reach npm unchanged.
exec "$node_directory/node" "$program" "$@"
