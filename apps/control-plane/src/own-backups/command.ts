import { createLogger, systemClock } from "@muster/core";
import { type Command, Option } from "commander";
import type { Restored, RestoreOptions } from "./restore.ts";

const print = (line: string): void => void process.stdout.write(`${line}\n`);

/** `muster-control-plane restore`: on a fresh machine, from a repository and its key. */
export function addRestore(program: Command): void {
  program
    .command("restore")
    .description("bring a control plane back from a repository and its key")
    .requiredOption("--repository <url>", "file:///…, an absolute path, or s3://bucket/prefix?region=…")
    .requiredOption("--key <file>", "a file with a passphrase or a private key; kms: the key service opens it")
    .option("--list", "only list the moments that it can be brought back to")
    .option("--point <id>", "one of them, or latest", "latest")
    .option("--data <directory>", "a new data folder; left out: where it was")
    .option("--config <file>", "where to write control-plane.yaml; left out: where it was")
    .addOption(new Option("--database <url>", "an empty PostgreSQL database").env("DATABASE_URL"))
    .option("--embedded", "go on with an embedded database, though it was on a PostgreSQL server")
    .action(async ({ list, ...options }: RestoreOptions & { readonly list?: boolean }) => {
      if (list === true) return listMoments(options);
      const { restoreControlPlane } = await import("./restore.ts");
      const log = createLogger("muster-control-plane", process.env.MUSTER_LOG ?? "warn");
      for (const line of summary(await restoreControlPlane(options, { clock: systemClock, log }))) print(line);
    });
}

async function listMoments(options: RestoreOptions): Promise<void> {
  const { listOwnPoints } = await import("./open-point.ts");
  for (const { id, takenAt, host, facts } of await listOwnPoints(options)) {
    print(`${new Date(takenAt).toISOString()}  ${host}  ${facts.rows} rows, ${facts.driver}  ${id}`);
  }
}

function summary(restored: Restored): string[] {
  const { point, takenAt, dataDirectory, moved, configFile, rows, files, recoveries, notes } = restored;
  const start = [
    ...(configFile === undefined ? [] : [`--config ${configFile}`]),
    ...(moved || configFile === undefined ? [`--data ${dataDirectory}`] : []),
  ].join(" ");
  return [
    `The control plane is back as it was at ${new Date(takenAt).toISOString()} (point ${point}): ${rows} rows in ${dataDirectory}`,
    ...files.map((note) => `  ${note}`),
    ...notes.map((note) => `catalog of ${note}`),
    ...recoveries.map(
      ({ id, state }) => `recovery ${id} was ${state}; it is paused. Look, then: muster recoveries resume ${id}`,
    ),
    "Not known to it: hosts that enrolled or were revoked after that moment. Look at: muster agents",
    `Start it with: muster-control-plane run ${start}`,
  ];
}
