import type { ProbeContext } from "./check.ts";
import type { ProbeOf } from "./config.ts";

/** So much of a body is looked at, in bytes. */
const bodyLimit = 1024 * 1024;

/** Checks the status, and the body where the probe says what it holds. */
export async function checkHttp(config: ProbeOf<"http">, { signal }: ProbeContext): Promise<string> {
  const response = await fetch(config.url, {
    method: config.method,
    headers: config.headers,
    redirect: config.followRedirects ? "follow" : "manual",
    signal,
  }).catch((error: unknown) => {
    throw new Error(`${config.url}: ${reason(error)}`, { cause: error });
  });
  const body = await readBody(response);
  const expected = config.status === undefined ? response.ok : response.status === config.status;
  if (!expected) throw new Error(`status ${response.status}, wanted ${config.status ?? "200 to 299"}`);
  if (config.contains !== undefined && !body.includes(config.contains)) {
    throw new Error(`status ${response.status}, but the body does not contain "${config.contains}"`);
  }
  if (config.matches !== undefined && !new RegExp(config.matches).test(body)) {
    throw new Error(`status ${response.status}, but the body does not match /${config.matches}/`);
  }
  return `status ${response.status}`;
}

async function readBody(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    chunks.push(chunk);
    size += chunk.length;
    if (size > bodyLimit) break;
  }
  return Buffer.concat(chunks).toString();
}

function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === "TimeoutError") return "no answer in time";
  return error.cause instanceof Error ? error.cause.message || String(error.cause) : error.message;
}
