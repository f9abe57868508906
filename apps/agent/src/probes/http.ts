import { type ClientRequest, type IncomingMessage, request as plainRequest } from "node:http";
import type { ProbeContext } from "./check.ts";
import type { ProbeOf } from "./config.ts";

/** So much of a body is looked at, in bytes. */
const bodyLimit = 1024 * 1024;
const redirectLimit = 5;

/**
 * Checks the status, and the body where the probe says what it holds. With `node:http`: `fetch` costs the resident agent
 * 16 MB of memory.
 */
export async function checkHttp(config: ProbeOf<"http">, { signal }: ProbeContext): Promise<string> {
  const { status, body } = await get(config, new URL(config.url), signal, config.followRedirects ? redirectLimit : 0);
  const expected = config.status === undefined ? status >= 200 && status < 300 : status === config.status;
  if (!expected) throw new Error(`status ${status}, wanted ${config.status ?? "200 to 299"}`);
  if (config.contains !== undefined && !body.includes(config.contains)) {
    throw new Error(`status ${status}, but the body does not contain "${config.contains}"`);
  }
  if (config.matches !== undefined && !new RegExp(config.matches).test(body)) {
    throw new Error(`status ${status}, but the body does not match /${config.matches}/`);
  }
  return `status ${status}`;
}

async function get(
  config: ProbeOf<"http">,
  url: URL,
  signal: AbortSignal,
  redirects: number,
): Promise<{ status: number; body: string }> {
  const request = url.protocol === "https:" ? (await import("node:https")).request : plainRequest;
  const sent = request(url, { method: config.method, headers: config.headers, signal, agent: false });
  try {
    const response = await responseOf(sent);
    const status = response.statusCode ?? 0;
    const { location } = response.headers;
    if (status >= 300 && status < 400 && location !== undefined && redirects > 0) {
      return await get(config, new URL(location, url), signal, redirects - 1);
    }
    return { status, body: await readBody(response) };
  } catch (error) {
    if (signal.aborted) throw new Error(`${url.origin}: no answer in time`, { cause: error });
    throw error;
  } finally {
    sent.destroy();
  }
}

function responseOf(sent: ClientRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    sent.on("error", reject); // stays: destroying the request after the response must not be an uncaught error
    sent.once("response", resolve);
    sent.end();
  });
}

async function readBody(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response) {
    chunks.push(chunk);
    size += chunk.length;
    if (size >= bodyLimit) break;
  }
  return Buffer.concat(chunks).toString();
}
