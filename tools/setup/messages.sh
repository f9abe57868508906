# Progress and errors of the set-up: short plain lines on stderr.

say() {
  printf 'muster: %s\n' "$1" >&2
}

# fail WHAT TO-DO: says what happened and what to do, and ends with exit code 1.
fail() {
  printf 'muster: error: %s\nmuster: %s\n' "$1" "$2" >&2
  exit 1
}

# with_lock NAME FUNCTION: one set-up at a time per NAME. The kernel frees the lock when the last
# process that holds it ends, so a killed set-up leaves no stale lock, and an npm or apt-get that
# outlives its killed parent still keeps others out.
with_lock() {
  command -v flock >/dev/null 2>&1 || fail "flock is missing" "Install it: apt-get install -y util-linux"
  mkdir -p "$(dirname -- "$1")" 2>/dev/null || fail "cannot create $(dirname -- "$1")" "Check the folder's owner and the free disk space."
  (
    if ! flock -n 9; then
      say "another set-up is running, waiting for it …"
      flock -w 1800 9 || fail "the other set-up did not end within 30 minutes" "End it (it holds $1), then run this again."
    fi
    "$2"
  ) 9>"$1"
}
