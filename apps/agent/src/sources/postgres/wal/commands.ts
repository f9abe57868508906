import { chmod, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** How often the waiting commands look, in seconds, and how many times at most. */
const pause = "0.02";
const mostLooks = 15_000;

const waiting = `
waited=0
wait_for() { # until the file is there, the agent says no, or is gone
  until [ -f "$1" ]; do
    if [ -f "$dir/answer/$name" ]; then
      { read -r status; read -r reason; } <"$dir/answer/$name"
      rm -f "$dir/answer/$name"
      [ "$status" = "$quiet" ] || echo "muster: $name: $reason" >&2
      exit "$status"
    fi
    if [ -d /proc/self ] && ! [ -d "/proc/$agent" ]; then
      echo "muster: the agent that serves $dir is not running" >&2
      exit "$gone"
    fi
    waited=$((waited + 1))
    if [ "$waited" -gt ${mostLooks} ]; then
      echo "muster: the agent does not answer for $name" >&2
      exit "$gone"
    fi
    sleep ${pause}
  done
}
`;

/** restore_command: 0 with the file in its place, 1 when it is not in the log, above 125 for every other trouble. */
const restoreScript = `#!/bin/sh
# restore_command = '${"$"}0 %f %p'. Starts nothing but mv: the agent fetches ahead.
dir=\${0%/*}
name=$1
gone=201
quiet=1
read -r agent <"$dir/pid" || exit 202
${waiting}
if ! [ -f "$dir/ready/$name" ]; then
  : >"$dir/want/$name" || exit 202
  wait_for "$dir/ready/$name"
fi
rm -f "$dir/want/$name" 2>/dev/null
mv -f "$dir/ready/$name" "$2" || exit 202
exit 0
`;

/** archive_command: 0 only when the file is durable in the repository; PostgreSQL keeps it and tries again after anything else. */
const archiveScript = `#!/bin/sh
# archive_command = '${"$"}0 %p %f'. The agent archives ahead and leaves a mark for what is durable.
dir=\${0%/*}
path=$1
name=$2
gone=1
quiet=none
read -r agent <"$dir/pid" || exit 1
case $path in /*) ;; *) path=$PWD/$path ;; esac
${waiting}
[ "$path" -nt "$dir/ready/$name" ] && rm -f "$dir/ready/$name" # a mark of what the file was before
if ! [ -f "$dir/ready/$name" ]; then
  printf '%s\\n' "$path" >"$dir/want/.$name" && mv -f "$dir/want/.$name" "$dir/want/$name" || exit 1
  wait_for "$dir/ready/$name"
fi
rm -f "$dir/ready/$name" "$dir/want/$name" || exit 1
exit 0
`;

/** Writes the command into a handover's folder; returns its path. */
export async function writeCommand(directory: string, kind: "restore" | "archive"): Promise<string> {
  const path = join(directory, `${kind}-wal`);
  await writeFile(path, kind === "restore" ? restoreScript : archiveScript);
  await chmod(path, 0o755);
  return path;
}
