import { stat } from "node:fs/promises";
import { readNote } from "../aside-note.ts";
import { deviceOf } from "../disk.ts";
import { checked, finding, spaceFindings } from "../findings.ts";
import type { RestoreFinding, RestoreRequest, SourceContext } from "../source.ts";
import { type ClusterFacts, holdsUserData, listDatabases, only, readClusterFacts } from "./cluster-facts.ts";
import { besides, type Cluster } from "./config.ts";
import { type Client, withClient } from "./connection.ts";
import { type PointFacts, pointFacts } from "./layout.ts";
import { knownIdentifiers } from "./lineage.ts";
import type { RestoreDetail } from "./restore-note.ts";
import { findTools } from "./tools.ts";

interface Check {
  readonly cluster: Cluster;
  readonly context: SourceContext;
  readonly request: RestoreRequest;
  readonly point: PointFacts;
  readonly server: ClusterFacts;
  readonly client: Client;
}

/** Indexes, free space and WAL come on top of the data; measured sizes already include indexes and bloat. */
const clusterFactor = 1.1;

/** Every reason why a restore of this point into this cluster would fail or must not happen. Touches nothing. */
export async function checkClusterRestore(
  configured: Cluster,
  context: SourceContext,
  request: RestoreRequest,
): Promise<RestoreFinding[]> {
  const point = pointFacts(request.point.facts);
  const cluster = besides(
    configured,
    point.databases.map(({ name }) => name),
  );
  return checked(() =>
    withClient(cluster, context.signal, async (client) => {
      const server = await readClusterFacts(client);
      const check = { cluster, context, request, point, server, client };
      return [
        ...versionFindings(check),
        ...(await checked(() => findTools(cluster, server.major, context.signal).then(() => []))),
        ...(await checked(() => identityFindings(check))),
        ...(await checked(() => extensionFindings(check))),
        ...(await checked(() => diskFindings(check))),
      ];
    }),
  );
}

function versionFindings({ server, point, cluster }: Check): RestoreFinding[] {
  if (server.major >= point.major) return [];
  const message = `the point is of PostgreSQL ${point.major}, the server at ${cluster.config.host}:${cluster.config.port} is ${server.version}`;
  return [finding("error", "version-mismatch", message, `Restore into PostgreSQL ${point.major} or later.`)];
}

/**
 * Is this the cluster that was expected? It is when its system identifier is the configured one, the point's, or one that
 * this source was restored into before. Another cluster is taken without a question only while there is nothing in it.
 */
async function identityFindings(check: Check): Promise<RestoreFinding[]> {
  const { cluster, server, point, request } = check;
  const where = `the cluster at ${cluster.config.host}:${cluster.config.port} has system identifier ${server.systemIdentifier}`;
  const severity = request.allowNewTarget ? "warning" : "error";
  const configured = cluster.config.expect.systemIdentifier;
  if (configured !== undefined) {
    if (configured === server.systemIdentifier) return [];
    return [finding(severity, "wrong-target", `${where}, agent.yaml expects ${configured}`)];
  }
  const known = await knownIdentifiers(check.context);
  if (server.systemIdentifier === point.systemIdentifier || known.includes(server.systemIdentifier)) return [];
  const inhabitants = await foreignDatabases(check);
  if (inhabitants.length === 0) {
    return [
      finding(
        "info",
        "wrong-target",
        `${where}, the point's was ${point.systemIdentifier}; it is empty, so it is taken as new`,
      ),
    ];
  }
  const message = `${where}, the point's was ${point.systemIdentifier}, and it holds data: ${inhabitants.join(", ")}`;
  return [finding(severity, "wrong-target", message)];
}

/** Databases with anything in them that this very restore did not put there. */
async function foreignDatabases({ cluster, context, request, client }: Check): Promise<string[]> {
  const note = await readNote<RestoreDetail>(context, request.asideId);
  const own = new Set(note?.detail.databases.flatMap(({ freshOid }) => (freshOid === null ? [] : [freshOid])) ?? []);
  const foreign: string[] = [];
  for (const { name, oid } of await listDatabases(client)) {
    if (own.has(oid) || isLeftover(note?.detail, name)) continue;
    if (await withClient(cluster, context.signal, holdsUserData, name)) foreign.push(name);
  }
  return foreign;
}

function isLeftover(detail: RestoreDetail | undefined, name: string): boolean {
  return detail?.databases.some(({ fresh }) => fresh === name) ?? false;
}

async function extensionFindings({ client, point, server }: Check): Promise<RestoreFinding[]> {
  const { rows } = await client.query<{ name: string }>("SELECT name FROM pg_available_extensions");
  const available = new Set(rows.map(({ name }) => name));
  return point.databases.flatMap(({ name, extensions }) => {
    const missing = extensions.filter((extension) => !available.has(extension));
    if (missing.length === 0) return [];
    const message = `database "${name}" needs extensions that the server does not have: ${missing.join(", ")}`;
    return [
      finding("error", "tool-missing", message, `Install them for PostgreSQL ${server.major} on the server's host.`),
    ];
  });
}

/** The old databases stay aside, so the new ones need room of their own; so does the dump on its way in. */
async function diskFindings(check: Check): Promise<RestoreFinding[]> {
  const { context, request, point } = check;
  const data = point.databases.reduce((sum, { bytes }) => sum + bytes, 0) * clusterFactor;
  const largest = request.point.logicalBytes;
  const directory = await localDataDirectory(check);
  if (directory === undefined) {
    const unknown = "the server's data directory is not visible from here: its free space was not checked";
    const hint = "Make sure that its disk has room for the databases beside those kept aside.";
    return [
      finding("warning", "space-insufficient", unknown, hint),
      ...(await spaceFindings(context.workDirectory, largest, "the dump on its way in")),
    ];
  }
  if ((await deviceOf(directory)) === (await deviceOf(context.workDirectory))) {
    return spaceFindings(directory, data + largest, "the restore beside the databases kept aside, with its dump,");
  }
  return [
    ...(await spaceFindings(directory, data, "the restore beside the databases kept aside")),
    ...(await spaceFindings(context.workDirectory, largest, "the dump on its way in")),
  ];
}

async function localDataDirectory({ cluster, client, server }: Check): Promise<string | undefined> {
  const { host } = cluster.config;
  const local = host.startsWith("/") || ["localhost", "127.0.0.1", "::1"].includes(host);
  if (!local || !server.superuser) return undefined;
  const { rows } = await client.query<{ directory: string }>("SELECT current_setting('data_directory') AS directory");
  const { directory } = only(rows);
  return stat(directory).then(
    () => directory,
    () => undefined, // not on this host (a container, a tunnel) or not ours to see
  );
}
