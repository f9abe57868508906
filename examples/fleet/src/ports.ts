import { once } from "node:events";
import { createServer } from "node:net";

/**
 * Where ports are looked for: below those that Linux gives to outgoing connections (from 32768 on). A server that is down for a
 * while must find its port free again.
 */
const range = { first: 20_000, last: 32_000 };

/** So many free ports of the loopback interface, none twice. */
export async function freePorts(count: number): Promise<number[]> {
  const ports = new Set<number>();
  for (let tries = 0; ports.size < count; tries++) {
    if (tries > 1000) throw new Error(`no free ports from ${range.first} to ${range.last}`);
    const port = range.first + Math.floor(Math.random() * (range.last - range.first));
    if (await isFree(port)) ports.add(port);
  }
  return [...ports];
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port, "127.0.0.1");
  try {
    await once(server, "listening");
  } catch {
    return false; // somebody has it
  }
  await once(server.close(), "close");
  return true;
}
