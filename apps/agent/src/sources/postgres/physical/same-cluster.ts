import { MusterError } from "@muster/core";
import type { ControlFile } from "./control-file.ts";
import { formatLsn } from "./lsn.ts";

/** Throws `wrong-target` when a data directory is not that of the server that was asked. */
export function requireSameCluster({ systemIdentifier }: ControlFile, expected: string, dataDirectory: string): void {
  if (systemIdentifier === expected) return;
  const found = `${dataDirectory} belongs to the cluster ${systemIdentifier}, the server is ${expected}`;
  throw new MusterError("wrong-target", found, {
    hint: "Correct dataDirectory, host and port in agent.yaml: they must name the same cluster, on this host.",
  });
}

/** The start call ends with a checkpoint: a directory whose pg_control does not know of it is a copy, not the server's own. */
export function requireStarted({ redo }: ControlFile, startLsn: bigint, dataDirectory: string): void {
  if (redo >= startLsn) return;
  const found = `${dataDirectory} has its last checkpoint at ${formatLsn(redo)}, the backup began at ${formatLsn(startLsn)}`;
  throw new MusterError("wrong-target", found, {
    hint: "This is not the directory that the server works in: correct dataDirectory in agent.yaml.",
  });
}

/** Throws `source-failed` when the server was promoted, or replaced, while it was copied. */
export function requireSameTimeline(first: ControlFile, last: ControlFile): void {
  if (first.timeline === last.timeline && first.systemIdentifier === last.systemIdentifier) return;
  throw new MusterError("source-failed", "the server changed its timeline during the backup");
}
