import { once } from "node:events";
import { createServer, request as forward, type IncomingMessage, type ServerResponse } from "node:http";

export type ProxyFault =
  | "lose-answer" // the request was done, the client hears nothing
  | "cut-answer" // half of the answer's body, then the connection ends
  | "damage-answer"; // one byte of the body is another

export interface ShakyProxy {
  readonly endpoint: string;
  /** Requests so far, as `METHOD /path?query`. */
  readonly requests: readonly string[];
  stop(): Promise<void>;
}

/** Stands before an HTTP server and does to its answers what `plan` says for a request (`METHOD /path?query`). */
export async function shakyProxy(
  target: string,
  plan: (request: string) => ProxyFault | undefined,
): Promise<ShakyProxy> {
  const requests: string[] = [];
  const server = createServer((incoming, outgoing) => {
    const line = `${incoming.method} ${incoming.url}`;
    requests.push(line);
    const fault = plan(line);
    const { method, url: path, headers } = incoming;
    const upstream = forward(`${target}${path}`, { method, headers }, (answer) => void pass(answer, outgoing, fault));
    upstream.on("error", () => outgoing.destroy());
    incoming.pipe(upstream);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (typeof address !== "object" || address === null) throw new Error("the proxy has no port");
  return {
    endpoint: `http://127.0.0.1:${address.port}`,
    requests,
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

async function pass(answer: IncomingMessage, outgoing: ServerResponse, fault: ProxyFault | undefined): Promise<void> {
  const body = Buffer.concat(await answer.toArray());
  if (fault === "lose-answer") return void outgoing.destroy();
  if (fault === "damage-answer") body[body.length >> 1] = (body[body.length >> 1] ?? 0) ^ 1;
  outgoing.writeHead(answer.statusCode ?? 500, answer.headers);
  if (fault !== "cut-answer") return void outgoing.end(body);
  outgoing.write(body.subarray(0, body.length >> 1), () => outgoing.destroy());
}
