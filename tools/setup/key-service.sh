# Installs moto, the key service (AWS KMS) of the tests, from its Python package into .cache/moto.

key_service_version=5.2.5
key_service_folder=.cache/moto
key_service_log=.cache/moto-install.log

ensure_key_service() {
  if key_service_current; then return 0; fi
  with_lock "$root/.cache/moto.lock" install_key_service
}

# The mark is written last, so it stands for a complete installation of this version.
key_service_current() {
  [ "$(cat "$key_service_folder/version" 2>/dev/null)" = "$key_service_version" ]
}

# Whether pip is needed and missing, for the set-up of Debian's packages.
key_service_needs_pip() {
  ! key_service_current && ! pip_python >/dev/null
}

install_key_service() {
  if key_service_current; then return 0; fi # another set-up did it while this one waited
  python=$(pip_python) || fail "pip of Python 3 is missing" "Run as root: apt-get update && apt-get install -y python3-pip"
  say "installing moto for the tests …"
  rm -rf "$key_service_folder" "$key_service_folder.new"
  # A folder of its own: neither the system's packages nor a user's change.
  if ! "$python" -m pip install --disable-pip-version-check --no-input --only-binary :all: \
    --target "$key_service_folder.new" "moto==$key_service_version" flask==3.1.3 flask-cors==6.0.5 >"$key_service_log" 2>&1; then
    tail -n 15 "$key_service_log" >&2
    fail "pip could not install moto" "See the lines above (all of it: $key_service_log)."
  fi
  # The tests start it with the Python that it was installed for.
  "$python" -c 'import sys; print(sys.executable)' >"$key_service_folder.new/python"
  echo "$key_service_version" >"$key_service_folder.new/version"
  mv "$key_service_folder.new" "$key_service_folder"
}
