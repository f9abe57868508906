import type { Socket } from "node:net";
import type { ProbeContext } from "./check.ts";
import type { ProbeOf } from "./config.ts";
import { openSocket } from "./tcp.ts";

/** PING over a plain socket, and `loading:0` where asked: a client library would cost the resident agent its memory. */
export async function checkRedis(config: ProbeOf<"redis">, { signal, secrets }: ProbeContext): Promise<string> {
  const socket = await openSocket(config.host, config.port, signal);
  const abort = (): void => {
    socket.destroy(new Error(`${config.host}:${config.port} does not answer in time`));
  };
  signal.addEventListener("abort", abort, { once: true });
  try {
    const ask = conversation(socket);
    if (secrets.password !== undefined) {
      const login = config.user === undefined ? ["AUTH", secrets.password] : ["AUTH", config.user, secrets.password];
      await ask(login);
    }
    const pong = await ask(["PING"]);
    if (!pong.startsWith("+PONG")) throw new Error(`PING was answered with ${pong.trim().slice(0, 200)}`);
    if (config.loaded && !(await ask(["INFO", "persistence"])).includes("loading:0")) {
      throw new Error("the data set is still being loaded");
    }
    return "PONG";
  } finally {
    signal.removeEventListener("abort", abort);
    socket.destroy();
  }
}

/** Sends a command and gives its raw reply; an error reply is thrown. */
function conversation(socket: Socket): (command: string[]) => Promise<string> {
  const chunks = socket[Symbol.asyncIterator]();
  return async (command) => {
    const parts = command.map((part) => `$${Buffer.byteLength(part)}\r\n${part}\r\n`);
    socket.write(`*${command.length}\r\n${parts.join("")}`);
    let reply = "";
    while (!isWhole(reply)) {
      const next = await chunks.next();
      if (next.done) throw new Error("the connection was closed before an answer");
      reply += String(next.value);
    }
    if (reply.startsWith("-")) throw new Error(reply.slice(1).trim());
    return reply;
  };
}

/** RESP 2: simple strings and errors end with the line; a bulk string (`$LENGTH`) has its length in bytes. */
function isWhole(reply: string): boolean {
  const line = reply.indexOf("\r\n");
  if (line < 0) return false;
  if (!reply.startsWith("$")) return true;
  const length = Number(reply.slice(1, line));
  return length < 0 || Buffer.byteLength(reply) >= line + 2 + length + 2;
}
