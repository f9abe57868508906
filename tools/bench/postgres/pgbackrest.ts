import { execFile } from "node:child_process";
import { chownSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import type { TestCluster } from "@muster/agent/testing";

const run = promisify(execFile);

/** pgBackRest as its users have it for this work: two processes, zstd, encryption, a repository on the same disk. */
export interface Pgbackrest {
  readonly repository: string;
  /** Settings of the server that it needs. */
  readonly settings: Readonly<Record<string, string>>;
  run(...args: string[]): Promise<void>;
}

export async function hasPgbackrest(): Promise<boolean> {
  return run("pgbackrest", ["version"]).then(
    () => true,
    () => false,
  );
}

export function pgbackrest(cluster: Pick<TestCluster, "home" | "port" | "dataDirectory" | "account">): Pgbackrest {
  const { home, port, dataDirectory, account } = cluster;
  const repository = join(home, "pgbackrest");
  const config = join(home, "pgbackrest.conf");
  for (const folder of [repository, join(home, "pgbackrest-lock")]) {
    mkdirSync(folder, { recursive: true });
    chownSync(folder, account.uid, account.gid);
  }
  const text = `[global]
repo1-path=${repository}
repo1-cipher-type=aes-256-cbc
repo1-cipher-pass=bench
repo1-retention-full=9
compress-type=zst
compress-level=3
process-max=2
start-fast=y
lock-path=${home}/pgbackrest-lock
log-level-file=off
log-level-console=warn
[main]
pg1-path=${dataDirectory}
pg1-port=${port}
pg1-socket-path=${home}
`;
  writeFileSync(config, text, { mode: 0o644 });
  const options = [`--config=${config}`, "--stanza=main"];
  return {
    repository,
    settings: { archive_mode: "on", archive_command: `pgbackrest ${options.join(" ")} archive-push %p` },
    async run(...args) {
      await run("pgbackrest", [...options, ...args], {
        ...account,
        cwd: home,
        env: { PATH: process.env.PATH, PGUSER: "postgres" },
      });
    },
  };
}
