# Installs PostgreSQL and Redis from Debian, and for the tests Chromium, which drives the console, and
# pip where their S3 server needs it. The tests and the demo start their own servers, so a server that
# comes with these packages is neither started nor enabled; one that was there is left alone.

policy=/usr/sbin/policy-rc.d
policy_mark='# Written by the set-up of Muster, which removes it.'
cluster_settings=/etc/postgresql-common/createcluster.d/muster.conf

ensure_servers() {
  missing=$(missing_servers)
  if [ -z "$missing" ] && ! left_over; then return 0; fi
  if [ "$(id -u)" -ne 0 ]; then
    fail "missing:$missing" "Run as root: apt-get update && apt-get install -y$missing"
  fi
  command -v apt-get >/dev/null 2>&1 || fail "missing:$missing, and there is no apt-get" \
    "Install PostgreSQL 13 or newer (server and client), Redis 6 or newer and, for the tests, Chromium and pip of Python 3, then run this again."
  with_lock /run/lock/muster-servers.lock install_servers
}

# Whether a set-up that was killed left its guards behind (or one is at work now).
left_over() {
  [ "$(id -u)" -eq 0 ] && { [ -e "$cluster_settings" ] || grep -qsF "$policy_mark" "$policy"; }
}

# Prints the Debian packages that are missing, each with a space before it.
missing_servers() {
  set -- /usr/lib/postgresql/*/bin/postgres
  if [ ! -x "$1" ] && ! command -v postgres >/dev/null 2>&1; then printf ' postgresql'; fi
  if ! command -v redis-server >/dev/null 2>&1; then printf ' redis-server'; fi
  if { [ "$needs_s3" = yes ] && needs_pip; } || { [ "$needs_key_service" = yes ] && key_service_needs_pip; }; then
    printf ' python3-pip'
  fi
  if [ "$needs_browser" = yes ] && needs_chromium; then printf ' chromium'; fi
}

needs_chromium() {
  [ ! -x "${MUSTER_TEST_CHROMIUM:-/usr/bin/chromium}" ]
}

install_servers() {
  # With what a killed set-up was about to install: it may be half done, or not disabled yet.
  missing="$(missing_servers)$(sed -n 's/^# installs://p' "$cluster_settings" 2>/dev/null || true)"
  if [ -z "$missing" ]; then # another set-up did it while this one waited
    take_guards_back
    return 0
  fi
  say "installing$missing from Debian …"
  apt_log=$root/.cache/apt-get.log
  mkdir -p "$root/.cache"
  trap take_guards_back EXIT
  trap 'exit 130' INT TERM HUP
  hold_servers
  export DEBIAN_FRONTEND=noninteractive
  # A set-up killed in the middle may have left packages unpacked; this is a no-op otherwise.
  dpkg --configure -a >"$apt_log" 2>&1 || true
  # The names are split on purpose.
  # shellcheck disable=SC2086
  if ! { apt-get -q update && apt-get -q install -y --no-install-recommends $missing; } >>"$apt_log" 2>&1; then
    tail -n 15 "$apt_log" >&2
    fail "apt-get could not install$missing" "$(apt_advice)"
  fi
  disable_servers
}

apt_advice() {
  if grep -qi 'no space left' "$apt_log"; then
    echo "The disk is full: free about 1 GB, then run this again."
  elif grep -qE 'Could not resolve|Temporary failure|Could not connect|Unable to connect' "$apt_log"; then
    echo "Debian's archive cannot be reached: check the network and apt's proxy settings, then run this again."
  elif grep -q 'Could not get lock' "$apt_log"; then
    echo "Another apt-get is running: wait until it has ended, then run this again."
  else
    echo "See the lines above (all of it: $apt_log). By hand: apt-get update && apt-get install -y$missing"
  fi
}

# While the packages are installed: no service starts, and PostgreSQL makes no cluster.
hold_servers() {
  if [ ! -e "$policy" ]; then printf '#!/bin/sh\n%s\nexit 101\n' "$policy_mark" >"$policy" && chmod 755 "$policy"; fi
  mkdir -p "${cluster_settings%/*}"
  printf '# installs:%s\ncreate_main_cluster = false\n' "$missing" >"$cluster_settings"
}

# Takes the above back; also what a killed set-up left, since the mark tells whose file it is.
take_guards_back() {
  if grep -qsF "$policy_mark" "$policy"; then rm -f "$policy"; fi
  rm -f "$cluster_settings"
}

# The services of the packages that were just installed do not run, now or after a boot.
disable_servers() {
  for service in $missing; do
    update-rc.d "$service" disable >>"$apt_log" 2>&1 || true
    if command -v systemctl >/dev/null 2>&1; then systemctl --quiet disable --now "$service" >>"$apt_log" 2>&1 || true; fi
  done
}
