import type { ProbeContext } from "./check.ts";
import type { ProbeOf } from "./config.ts";

/**
 * Runs the query and compares the first column of the first row where the probe says what it must be; where it does not, any
 * answer is good but a boolean false.
 */
export async function checkPostgres(config: ProbeOf<"postgres">, context: ProbeContext): Promise<string> {
  const { default: pg } = await import("pg"); // loaded by agents that have such a probe only
  const client = new pg.Client({
    host: config.host,
    port: config.port,
    database: config.database,
    user: config.user,
    password: context.secrets.password,
    application_name: "muster-probe",
    connectionTimeoutMillis: config.timeout,
    query_timeout: config.timeout,
    statement_timeout: config.timeout,
  });
  client.on("error", () => undefined); // also told to the pending call below
  try {
    await client.connect();
    const { rows } = await client.query<unknown[]>({ text: config.query, rowMode: "array" });
    const value = String(rows[0]?.[0]);
    if (config.expect !== undefined && value !== config.expect) {
      throw new Error(`the query answered ${value.slice(0, 200)}, wanted ${config.expect}`);
    }
    if (config.expect === undefined && rows[0]?.[0] === false) throw new Error("the query answered false");
    return `answered ${value.slice(0, 200)}`;
  } finally {
    await client.end().catch(() => undefined); // it never connected, or the server is gone
  }
}
