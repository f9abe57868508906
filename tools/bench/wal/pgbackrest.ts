import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import type { TestCluster } from "@muster/agent/testing";

const run = promisify(execFile);

export function hasPgBackRest(): Promise<boolean> {
  return run("pgbackrest", ["version"]).then(
    () => true,
    () => false,
  );
}

/** pgBackRest beside a running server: asynchronous, two processes, zstd, encrypted, as Muster does it. */
export async function pgBackRest(server: TestCluster, scratch: string) {
  const home = join(scratch, "pgbackrest");
  const config = join(home, "pgbackrest.conf");
  const as = { ...server.account, env: { PATH: process.env.PATH ?? "" } };
  const call = (shell: string) => run("/bin/sh", ["-c", `pgbackrest --config=${config} --stanza=bench ${shell}`], as);
  if (!existsSync(config)) {
    for (const folder of ["", "repo", "spool", "log", "lock"]) await mkdir(join(home, folder), { recursive: true });
    await writeFile(config, settings(home, server));
    await run("chown", ["-R", "--reference", server.dataDirectory, home]);
    await call("--no-online stanza-create");
  }
  return {
    push: (path: string) => call(`archive-push ${path}`),
    get: (name: string, path: string) => call(`archive-get ${name} ${path}`),
  };
}

function settings(home: string, { dataDirectory, host, port, user }: TestCluster): string {
  return `[global]
repo1-path=${home}/repo
repo1-cipher-type=aes-256-cbc
repo1-cipher-pass=benchmark
spool-path=${home}/spool
log-path=${home}/log
lock-path=${home}/lock
log-level-console=error
log-level-file=off
archive-async=y
process-max=2
compress-type=zst
compress-level=1
archive-push-queue-max=4GB
archive-get-queue-max=512MB
[bench]
pg1-path=${dataDirectory}
pg1-socket-path=${host.startsWith("/") ? host : home}
pg1-port=${port}
pg1-user=${user}
`;
}
