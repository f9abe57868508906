# Builds the operator console into apps/console/dist, when it is missing or older than what it is made from.

console_folder=apps/console
console_page=$console_folder/dist/index.html
console_log=.cache/console-build.log

ensure_console() {
  if ! console_current; then with_lock "$root/.cache/console.lock" build_console; fi
}

console_current() {
  [ -f "$console_page" ] && [ -z "$(find $console_folder/src $console_folder/index.html $console_folder/vite.config.ts \
    $console_folder/package.json libs/protocol/src/api package-lock.json -newer "$console_page" -print -quit)" ]
}

build_console() {
  if console_current; then return 0; fi # another set-up did it while this one waited
  say "building the console …"
  # Made aside and renamed: what a killed build leaves behind is not served.
  if ! "$node_directory/node" node_modules/vite/bin/vite.js build $console_folder \
    --outDir "$root/.cache/console" --emptyOutDir --logLevel warn >"$console_log" 2>&1; then
    tail -n 15 "$console_log" >&2
    fail "the console could not be built" "See the lines above (all of it: $console_log), then run this again."
  fi
  rm -rf $console_folder/dist
  mv .cache/console $console_folder/dist
}
