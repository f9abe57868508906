import { once } from "node:events";
import { connect, type Socket } from "node:net";
import type { ProbeContext } from "./check.ts";
import type { ProbeOf } from "./config.ts";

/** Healthy when the port takes a connection. */
export async function checkTcp({ host, port }: ProbeOf<"tcp">, { signal }: ProbeContext): Promise<string> {
  const socket = await openSocket(host, port, signal);
  socket.destroy();
  return "connected";
}

/** A connection to a port. The caller destroys it. */
export async function openSocket(host: string, port: number, signal: AbortSignal): Promise<Socket> {
  const socket = connect({ host, port });
  try {
    await once(socket, "connect", { signal });
    return socket;
  } catch (cause) {
    socket.destroy();
    const message = signal.aborted ? `${host}:${port} does not answer in time` : messageOf(cause);
    throw new Error(message, { cause });
  }
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
