import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { exists } from "../../disk.ts";
import { mountsBelow } from "../../files/place.ts";
import { checked, finding, spaceFindings } from "../../findings.ts";
import type { RestoreFinding, RestoreRequest, SourceContext } from "../../source.ts";
import { knownIdentifiers } from "../lineage.ts";
import { readControlFile } from "./control-file.ts";
import type { PhysicalConfig } from "./physical-config.ts";
import { type PhysicalFacts, physicalFacts } from "./point-facts.ts";
import { runningPostmaster } from "./postmaster.ts";

/** Every reason why a restore of this point to this data directory would fail or must not happen. Touches nothing. */
export async function checkPhysicalRestore(
  config: PhysicalConfig,
  context: SourceContext,
  request: RestoreRequest,
): Promise<RestoreFinding[]> {
  const point = physicalFacts(request.point.facts);
  if (point === undefined) {
    const message = "the point is a logical dump, and the source's method is physical";
    return [finding("error", "wrong-target", message, "Choose a point of a physical backup.")];
  }
  const { dataDirectory } = config;
  const data = spaceFindings(dirname(dataDirectory), request.point.logicalBytes, "the restore beside what is there");
  return [
    ...(await checked(() => runningFindings(dataDirectory))),
    ...(await checked(() => identityFindings(config, context, request, point))),
    ...(await checked(() => versionFindings(dataDirectory, point))),
    ...(await checked(() => mountFindings(dataDirectory))),
    ...(await checked(() => data)),
    ...tablespaceFindings(config, point),
    ...damageFindings(point),
  ];
}

/** A warning only: the service's stop action comes between the check and the restore, which refuses a server that runs. */
async function runningFindings(dataDirectory: string): Promise<RestoreFinding[]> {
  const pid = await runningPostmaster(dataDirectory);
  if (pid === undefined) return [];
  const message = `PostgreSQL runs on ${dataDirectory} (process ${pid}); it has to be stopped before the restore`;
  return [finding("warning", "source-running", message)];
}

async function identityFindings(
  { dataDirectory, expect }: PhysicalConfig,
  context: SourceContext,
  request: RestoreRequest,
  point: PhysicalFacts,
): Promise<RestoreFinding[]> {
  if (!(await exists(join(dataDirectory, "PG_VERSION")))) return [];
  const { systemIdentifier } = await readControlFile(dataDirectory, context.signal);
  const expected = [point.systemIdentifier, expect.systemIdentifier, ...(await knownIdentifiers(context))];
  if (expected.includes(systemIdentifier)) return [];
  const message = `${dataDirectory} belongs to the cluster ${systemIdentifier}, the point is of ${point.systemIdentifier}`;
  return [finding(request.allowNewTarget ? "warning" : "error", "wrong-target", message)];
}

async function versionFindings(dataDirectory: string, { major }: PhysicalFacts): Promise<RestoreFinding[]> {
  if (!(await exists(join(dataDirectory, "PG_VERSION")))) return [];
  const there = Number((await readFile(join(dataDirectory, "PG_VERSION"), "utf8")).trim());
  if (there === major) return [];
  const message = `the point is of PostgreSQL ${major}, ${dataDirectory} of ${there}`;
  return [finding("error", "version-mismatch", message, `A physical copy runs under PostgreSQL ${major} only.`)];
}

async function mountFindings(dataDirectory: string): Promise<RestoreFinding[]> {
  return (await mountsBelow(dataDirectory)).map((mount) => {
    const message = `${mount} is a mount point inside ${dataDirectory}, which a restore moves aside as a whole`;
    return finding("error", "conflict", message, "Unmount it, or make it a tablespace outside the data directory.");
  });
}

function tablespaceFindings({ tablespaces, dataDirectory }: PhysicalConfig, point: PhysicalFacts): RestoreFinding[] {
  const names = point.tablespaces.map(({ name }) => name);
  const unknown = Object.keys(tablespaces).filter((name) => !names.includes(name));
  const inside = point.tablespaces.filter(({ name, location }) =>
    `${tablespaces[name] ?? location}/`.startsWith(`${dataDirectory}/`),
  );
  return [
    ...unknown.map((name) => finding("info", "not-found", `the point has no tablespace "${name}"`)),
    ...inside.map(({ name }) =>
      finding("error", "conflict", `the tablespace "${name}" would lie inside ${dataDirectory}`),
    ),
  ];
}

function damageFindings({ pagesDamaged }: PhysicalFacts): RestoreFinding[] {
  if (pagesDamaged.length === 0) return [];
  const files = pagesDamaged.map(({ path }) => path).join(", ");
  const message = `the backup found pages with a wrong checksum in ${files}; they were damaged before it was made`;
  return [finding("warning", "source-failed", message, "Choose an older point if that data matters.")];
}
