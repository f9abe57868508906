import { connect, type TLSSocket } from "node:tls";
import type { VaultIdentity } from "@muster/object-store";

/** What came back: the status, or 0 when the connection was ended without an answer. */
export interface RawAnswer {
  readonly status: number;
  readonly body: string;
}

/**
 * Sends bytes over TLS as they are, with no client between that would put a path or a length right, and reads to the end.
 * `cut` ends the connection as soon as they are sent.
 */
export async function rawRequest(
  address: string,
  identity: Partial<VaultIdentity>,
  {
    head,
    body = "",
    cut = false,
  }: { readonly head: readonly string[]; readonly body?: string; readonly cut?: boolean },
): Promise<RawAnswer> {
  const socket = await rawConnection(address, identity).catch(() => undefined);
  if (socket === undefined) return { status: 0, body: "" };
  socket.write(`${[...head, "host: vault", "connection: close"].join("\r\n")}\r\n\r\n${body}`);
  if (cut) socket.end();
  const text = await readAll(socket);
  return { status: Number(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1] ?? 0), body: text.split("\r\n\r\n").slice(1).join("") };
}

/** Rejects when the other side does not take the certificate, which TLS 1.3 tells after the handshake. */
function rawConnection(address: string, identity: Partial<VaultIdentity>): Promise<TLSSocket> {
  const [host = "", port = ""] = address.split(":");
  const { certificate: cert, privateKey: key, caCertificate: ca } = identity;
  return new Promise((resolve, reject) => {
    const socket = connect({
      host,
      port: Number(port),
      ...(ca ? { ca } : {}),
      ...(cert ? { cert } : {}),
      ...(key ? { key } : {}),
    });
    socket.once("secureConnect", () => resolve(socket));
    socket.once("error", reject);
  });
}

function readAll(socket: TLSSocket): Promise<string> {
  let text = "";
  socket.on("data", (piece: Buffer) => {
    text += piece.toString("latin1");
  });
  return new Promise((resolve) => {
    socket.on("error", () => resolve(text)); // what came before counts
    socket.on("close", () => resolve(text));
  });
}
