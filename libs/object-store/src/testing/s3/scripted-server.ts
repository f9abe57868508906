import { once } from "node:events";
import { createServer } from "node:http";

/** What a scripted server answers. */
export interface ScriptedAnswer {
  readonly status: number;
  readonly body?: string;
}

/** An HTTP server that answers what the script says to `METHOD /path?query`; for answers that no good server gives. */
export async function scriptedServer(script: (request: string) => ScriptedAnswer) {
  const server = createServer((incoming, outgoing) => {
    incoming.resume().on("end", () => {
      const { status, body = "" } = script(`${incoming.method} ${incoming.url}`);
      outgoing.writeHead(status, { "content-type": "application/xml" }).end(body);
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (typeof address !== "object" || address === null) throw new Error("the server has no port");
  return {
    endpoint: `http://127.0.0.1:${address.port}`,
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

/** S3's answer for an error. */
export function errorAnswer(status: number, code: string, message = code): ScriptedAnswer {
  return { status, body: `<?xml version="1.0"?><Error><Code>${code}</Code><Message>${message}</Message></Error>` };
}

/** S3's answer for one page of a list. */
export function listAnswer(keys: readonly string[], next?: { readonly token?: string }): ScriptedAnswer {
  const time = "2026-01-01T00:00:00.000Z";
  const contents = keys.map(
    (key) => `<Contents><Key>${key}</Key><Size>1</Size><LastModified>${time}</LastModified></Contents>`,
  );
  const token = next?.token === undefined ? "" : `<NextContinuationToken>${next.token}</NextContinuationToken>`;
  const cut = `<IsTruncated>${next !== undefined}</IsTruncated>${token}`;
  const count = `<KeyCount>${keys.length}</KeyCount>`;
  return {
    status: 200,
    body: `<?xml version="1.0"?><ListBucketResult><Name>bucket</Name>${count}${cut}${contents.join("")}</ListBucketResult>`,
  };
}
