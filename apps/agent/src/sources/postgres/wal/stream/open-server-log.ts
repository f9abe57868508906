import { MusterError } from "@muster/core";
import type { Domain, SourceLog } from "@muster/repository";
import type { Cluster } from "../../config.ts";
import type { WalServer } from "./server.ts";

/** The log of this very cluster. Throws `log-identity` when the source's log is of another, or agent.yaml expects another. */
export function openServerLog(
  { domain, source, cluster }: { readonly domain: Domain; readonly source: string; readonly cluster: Cluster },
  server: WalServer,
  signal: AbortSignal,
): Promise<SourceLog> {
  const { systemIdentifier: identity, segmentSize, pageSize } = server;
  const expected = cluster.config.expect.systemIdentifier;
  if (expected !== undefined && expected !== identity) {
    throw new MusterError(
      "log-identity",
      `the cluster of ${source} has system identifier ${identity}, agent.yaml expects ${expected}`,
    );
  }
  const properties = { kind: "wal", segmentSize, pageSize };
  return domain.writeLog({ source, identity, properties }, { signal, allowNewIdentity: expected === identity });
}
