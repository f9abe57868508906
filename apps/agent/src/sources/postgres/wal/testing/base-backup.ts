import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { createLogger, systemClock } from "@muster/core";
import type { TestPostgres } from "../../../../testing/index.ts";
import { parseLsn } from "../lsn.ts";
import { startInstance } from "../recover/instance.ts";
import { type Recovered, type RecoverOptions, recoverTo } from "../recover/recover.ts";
import type { RecoveryBase } from "../recover/timeline-path.ts";

const run = promisify(execFile);
export const binDirectory = "/usr/lib/postgresql/15/bin";

/** A base that PostgreSQL's own tool made, without WAL: all of it has to come from the log. */
export interface TestBase extends AsyncDisposable {
  readonly base: RecoveryBase;
  readonly home: string;
  /** A fresh copy of the data directory. */
  copy(): Promise<string>;
  /** Recovers a fresh copy; returns what PostgreSQL says of it afterwards to the query. */
  recover(
    options: Pick<RecoverOptions, "log" | "target"> & Partial<RecoverOptions>,
    sql: string,
  ): Promise<{
    readonly recovered: Recovered;
    readonly rows: Record<string, unknown>[];
    readonly dataDirectory: string;
  }>;
}

export async function baseBackup(server: TestPostgres): Promise<TestBase> {
  const home = await mkdtemp(join(tmpdir(), "muster-base-"));
  const owner = server.dataDirectory;
  await run("chown", ["--reference", owner, home]);
  const directory = join(home, "base");
  const env = { ...process.env, PGPASSWORD: server.password };
  const target = ["-D", directory, "-X", "none", "-c", "fast", "--no-sync"];
  const where = ["-h", server.host, "-p", String(server.port), "-U", server.user];
  await run(join(binDirectory, "pg_basebackup"), [...target, ...where], { env });
  await run("chown", ["-R", "--reference", owner, directory]);
  const manifest: { "WAL-Ranges": { Timeline: number; "Start-LSN": string; "End-LSN": string }[] } = JSON.parse(
    await readFile(join(directory, "backup_manifest"), "utf8"),
  );
  const [range] = manifest["WAL-Ranges"];
  if (range === undefined) throw new Error("the base has no range of WAL");
  const base = {
    timeline: range.Timeline,
    startLsn: parseLsn(range["Start-LSN"]),
    stopLsn: parseLsn(range["End-LSN"]),
    stoppedAt: systemClock.now(),
  };
  let count = 0;
  const copy = async (): Promise<string> => {
    const data = join(home, `data${count++}`);
    await run("cp", ["-a", directory, data]);
    return data;
  };
  return {
    base,
    home,
    copy,
    async recover(options, sql) {
      const dataDirectory = await copy();
      const signal = AbortSignal.timeout(120_000);
      const recovered = await recoverTo({
        ...{ dataDirectory, base, binDirectory, user: server.user, timeline: "latest", signal },
        workDirectory: join(home, `work${count}`),
        logger: createLogger("recover", "fatal"),
        ...options,
      });
      const rows = await readOnce(dataDirectory, join(home, `look${count}`), server.user, sql);
      return { recovered, rows, dataDirectory };
    },
    [Symbol.asyncDispose]: () => rm(home, { recursive: true, force: true }),
  };
}

/** Starts the server on a recovered directory as an operator would, asks once, and stops it. */
async function readOnce(
  dataDirectory: string,
  workDirectory: string,
  user: string,
  sql: string,
): Promise<Record<string, unknown>[]> {
  const stop = new AbortController();
  const instance = await startInstance({ dataDirectory, binDirectory, workDirectory, user, settings: [] }, stop.signal);
  try {
    for (;;) {
      if (instance.ended !== undefined) throw new Error(`the recovered server does not start: ${instance.log()}`);
      const answer = await instance.query((client) => client.query<Record<string, unknown>>(sql)).catch(retryable);
      if (answer !== undefined) return answer.rows;
    }
  } finally {
    await instance.stop();
  }
}

function retryable(thrown: unknown): undefined {
  if (thrown instanceof Error && "retryable" in thrown && thrown.retryable === true) return undefined;
  throw thrown;
}
