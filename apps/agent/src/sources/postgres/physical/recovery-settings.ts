/** Settings that say how far recovery goes; those of an earlier restore would contradict ours. */
const ours = /^\s*(restore_command|recovery_\w+|archive_cleanup_command|primary_conninfo|primary_slot_name)\s*=?/i;

/**
 * `postgresql.auto.conf` for a restored data directory: what it had, without settings of earlier recoveries, and then ours. Recovery
 * ends where the backup is consistent, on a new timeline, so that WAL written from then on never mixes with that of the original.
 */
export function withRecoverySettings(autoConf: string): string {
  const kept = autoConf.split("\n").filter((line) => !ours.test(line) && !line.startsWith(heading));
  while (kept.at(-1) === "") kept.pop();
  const settings = [
    heading,
    // All WAL that is needed is in pg_wal. The command may not be empty; 1 as its result says "not in the archive".
    "restore_command = 'false'",
    "recovery_target = 'immediate'",
    "recovery_target_action = 'promote'",
    "recovery_target_timeline = 'current'",
  ];
  return `${[...kept, ...settings].join("\n")}\n`;
}

const heading = "# Written by Muster for the recovery of this data directory";
