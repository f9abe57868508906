import { MusterError, newId } from "@muster/core";
import {
  type AgentMessage,
  type Hello,
  InventorySchema,
  messageQueue,
  timestampFromMs,
  toJson,
} from "@muster/protocol/grpc";
import type { CommandEngine } from "../commands/bus.ts";
import type { ControlPlane } from "../context.ts";
import { updateHeldHost } from "./presence-store.ts";
import { forgetOtherProbes } from "./probes.ts";
import { receive } from "./receive.ts";
import type { OpenSession, ServerMessageInit, SessionRegistry } from "./sessions.ts";
import { updateHost } from "./store.ts";

/** What a session needs beyond the ports of every verb. */
export interface SessionContext {
  readonly cp: ControlPlane;
  readonly commands: CommandEngine;
  readonly sessions: SessionRegistry;
}

/** An agent that has opened a stream says hello within this time, in milliseconds. */
const helloTimeout = 15_000;
/** Heartbeats that may be missed before an agent counts as offline. */
const missedHeartbeats = 3;

export interface AgentStream {
  /** The name that its certificate was found to stand for. */
  readonly host: string;
  readonly requests: AsyncIterable<AgentMessage>;
  /** Aborts when the agent goes away. */
  readonly signal: AbortSignal;
  /** Throws when the certificate was revoked since it was found live. */
  recheck(): Promise<void>;
}

/**
 * Holds one agent's stream: hello, welcome, then whatever either side has to say, until the agent goes, falls silent, is
 * replaced or revoked. A message that cannot be stored ends the stream; the agent repeats it with its next hello.
 */
export async function* holdSession(
  context: SessionContext,
  { host, requests, signal, recheck }: AgentStream,
): AsyncIterable<ServerMessageInit> {
  const session: OpenSession = { id: newId("ses"), host, out: messageQueue() };
  const silence = silenceTimer(context.cp, session);
  const gone = (): void => session.out.close();
  signal.addEventListener("abort", gone, { once: true });
  let failure: unknown;
  read(context, session, { requests, recheck }, silence.heard)
    .catch((thrown: unknown) => {
      failure = thrown;
    })
    .finally(gone);
  try {
    yield* session.out;
    if (failure !== undefined) throw failure;
  } finally {
    silence.stop();
    signal.removeEventListener("abort", gone);
    await leave(context, session);
  }
}

async function read(
  context: SessionContext,
  session: OpenSession,
  { requests, recheck }: Pick<AgentStream, "requests" | "recheck">,
  heard: () => void,
): Promise<void> {
  let greeted = false;
  for await (const { message } of requests) {
    heard();
    if (greeted) await receive(context, session, message);
    else if (message.case === "hello") await welcome(context, session, message.value, recheck);
    else throw new MusterError("request-invalid", `${session.host} sent ${message.case} before its hello`);
    greeted = true;
  }
}

async function welcome(
  context: SessionContext,
  session: OpenSession,
  hello: Hello,
  recheck: AgentStream["recheck"],
): Promise<void> {
  const { cp, commands, sessions } = context;
  const now = cp.clock.now();
  await storeHello(context, session, hello, now);
  for (const outcome of hello.unconfirmed) await commands.results.finished(session.host, outcome, now);
  const stop = await commands.reconcile(session.host, hello.running);

  sessions.open(session);
  await recheck(); // a revocation before this line found no session to end
  const { heartbeatSeconds } = cp.config.agents;
  const value = { sessionId: session.id, heartbeatSeconds, serverTime: timestampFromMs(cp.clock.now()), stop };
  sessions.send(session.host, { case: "welcome", value });
  for (const { commandId, attempt } of hello.unconfirmed) {
    sessions.send(session.host, { case: "stored", value: { commandId, attempt } });
  }
  cp.log.info({ host: session.host, session: session.id, version: hello.agentVersion }, "agent connected");
  cp.events.publish({ type: "host", subject: session.host, data: { state: "online" } });
  sessions.sendSchedule(session.host);
  commands.wake();
}

async function storeHello(
  { cp, sessions }: SessionContext,
  { id: sessionId, host }: OpenSession,
  hello: Hello,
  now: number,
): Promise<void> {
  const { replica } = sessions;
  const { bootId, agentVersion, inventory } = hello;
  await cp.db.transaction(async (tx) => {
    const seen = { online: 1, sessionId, replica, lastSeenAt: new Date(now), bootId, agentVersion };
    if (inventory === undefined) return updateHost(tx, host, seen);
    const stored = toJson(InventorySchema, inventory) as Record<string, unknown>; // a message is always an object
    await updateHost(tx, host, { ...seen, inventory: stored });
    await forgetOtherProbes(
      tx,
      host,
      inventory.probes.map(({ name }) => name),
    );
  });
}

async function leave({ cp, sessions }: SessionContext, session: OpenSession): Promise<void> {
  const present = sessions.close(session);
  if (!present && sessions.isOnline(session.host)) return; // a newer session lives
  await updateHeldHost(cp.db, session.id, session.host, { online: 0 });
  cp.log.info({ host: session.host, session: session.id }, "agent disconnected");
  cp.events.publish({ type: "host", subject: session.host, data: { state: "offline" } });
}

/** Ends the session when the agent was not heard for too long. Real time: it is about a peer that lives in it. */
function silenceTimer(cp: ControlPlane, session: OpenSession) {
  const fall = (): void => {
    cp.log.warn({ host: session.host }, "the agent has fallen silent");
    session.out.close();
  };
  let timer = setTimeout(fall, helloTimeout);
  return {
    heard(): void {
      clearTimeout(timer);
      timer = setTimeout(fall, cp.config.agents.heartbeatSeconds * 1000 * missedHeartbeats);
    },
    stop: () => clearTimeout(timer),
  };
}
