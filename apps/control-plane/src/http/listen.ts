import type { AddressInfo } from "node:net";
import type { ControlPlane } from "../context.ts";
import { listenError } from "../rpc/listen.ts";
import { buildApp } from "./app.ts";

/** Serves the HTTP application. Throws `port-in-use`. */
export async function listenForHttp(cp: ControlPlane): Promise<{ readonly url: string; close(): Promise<void> }> {
  const { host, port, tls } = cp.config.http;
  const app = await buildApp(cp);
  try {
    await app.listen({ host, port });
  } catch (thrown) {
    await app.close();
    throw listenError(thrown instanceof Error ? thrown : new Error(String(thrown)), host, port, "http.port");
  }
  const { port: bound } = app.server.address() as AddressInfo; // a TCP listener has one
  const name = host === "0.0.0.0" || host === "::" ? "localhost" : host.includes(":") ? `[${host}]` : host;
  return { url: `${tls === undefined ? "http" : "https"}://${name}:${bound}`, close: () => app.close() };
}
