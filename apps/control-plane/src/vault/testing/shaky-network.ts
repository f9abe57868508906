import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/** What happens to one connection, once so many bytes have gone that way. */
export type NetworkFault =
  | { readonly kind: "cut"; readonly way: "up" | "down"; readonly after: number }
  /** Everything has gone up; what comes back is lost. */
  | { readonly kind: "lose-answer"; readonly after: number }
  | { readonly kind: "damage"; readonly way: "up" | "down"; readonly after: number }
  | { readonly kind: "refuse" };

export interface ShakyNetwork {
  readonly address: string;
  /** Connections so far. */
  readonly connections: () => number;
  stop(): Promise<void>;
}

/** Stands before a TCP server and does to each connection (number from 0) what `plan` says. */
export async function shakyNetwork(
  target: string,
  plan: (connection: number) => NetworkFault | undefined,
): Promise<ShakyNetwork> {
  const [host = "", port = ""] = target.split(":");
  const open = new Set<Socket>();
  let count = 0;
  const server = createServer((near) => {
    const fault = plan(count++);
    if (fault?.kind === "refuse") return void near.destroy();
    const far = connect(Number(port), host);
    for (const socket of [near, far]) {
      open.add(socket);
      socket.on("close", () => open.delete(socket));
      socket.on("error", () => socket.destroy());
    }
    const end = (): void => void [near, far].map((socket) => socket.destroy());
    near.on("close", end);
    far.on("close", end);
    const up = { bytes: 0 };
    pass(near, far, (piece) => {
      up.bytes += piece.byteLength;
      return apply(fault, "up", up.bytes, piece, end);
    });
    const down = { bytes: 0 };
    pass(far, near, (piece) => {
      down.bytes += piece.byteLength;
      if (fault?.kind === "lose-answer" && up.bytes > fault.after) return void end();
      return apply(fault, "down", down.bytes, piece, end);
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`, // a TCP listener has one
    connections: () => count,
    async stop() {
      for (const socket of open) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

function pass(from: Socket, to: Socket, through: (piece: Buffer) => Buffer | undefined): void {
  from.on("data", (piece: Buffer) => {
    const passed = through(piece);
    if (passed === undefined || to.write(passed)) return;
    from.pause();
    to.once("drain", () => from.resume());
  });
}

function apply(
  fault: NetworkFault | undefined,
  way: "up" | "down",
  bytes: number,
  piece: Buffer,
  end: () => void,
): Buffer | undefined {
  if (fault === undefined || !("way" in fault) || fault.way !== way || bytes <= fault.after) return piece;
  if (fault.kind === "cut") return void end();
  const damaged = Buffer.from(piece);
  damaged[damaged.length >> 1] = (damaged[damaged.length >> 1] ?? 0) ^ 1;
  return damaged;
}
