import {
  type AgentMessage,
  type Heartbeat,
  LoadSchema,
  type OfflinePoint,
  timestampFromMs,
  toJson,
} from "@muster/protocol/grpc";
import { updateHeldHost } from "./presence-store.ts";
import { storeProbes } from "./probes.ts";
import type { SessionContext } from "./session.ts";
import type { OpenSession } from "./sessions.ts";

/** Acts on one message of an agent that has said hello. What is confirmed to the agent is committed before. */
export async function receive(
  context: SessionContext,
  session: OpenSession,
  message: AgentMessage["message"],
): Promise<void> {
  const { cp, commands, sessions } = context;
  const { host } = session;
  switch (message.case) {
    case "heartbeat":
      return heartbeat(context, session, message.value);
    case "started": {
      const { commandId: id, attempt } = message.value;
      return commands.results.started(host, { id, attempt }, cp.clock.now());
    }
    case "progress":
      return commands.results.progress(host, message.value);
    case "finished": {
      const { commandId, attempt } = message.value;
      await commands.results.finished(host, message.value, cp.clock.now());
      sessions.send(host, { case: "stored", value: { commandId, attempt } });
      return;
    }
    case "probes":
      return storeProbes(cp, host, message.value.results);
    case "offlinePoint":
      return offlinePoint(context, host, message.value);
    case "hello":
    case undefined:
      cp.log.warn({ host, message: message.case }, "a message that does not belong here was ignored");
      return;
    default:
      return message satisfies never;
  }
}

async function heartbeat({ cp, sessions }: SessionContext, { id, host }: OpenSession, beat: Heartbeat): Promise<void> {
  const now = cp.clock.now();
  const echo = { serverTime: timestampFromMs(now), ...(beat.sentAt === undefined ? {} : { agentSentAt: beat.sentAt }) };
  sessions.send(host, { case: "echo", value: echo });
  const load = beat.load === undefined ? undefined : (toJson(LoadSchema, beat.load) as Record<string, unknown>); // an object
  await updateHeldHost(cp.db, id, host, {
    online: 1,
    lastSeenAt: new Date(now),
    ...(load === undefined ? {} : { load: { ...load, at: new Date(now).toISOString() } }),
    // The agent measures server − agent; people ask how far the host's clock is ahead.
    ...(beat.clockOffsetMs === undefined ? {} : { clockOffsetMs: -beat.clockOffsetMs }),
  });
}

async function offlinePoint({ cp, sessions }: SessionContext, host: string, point: OfflinePoint): Promise<void> {
  const store = sessions.offlinePointHandler;
  if (store === undefined) return; // not confirmed: the agent keeps it and sends it again
  await cp.db.transaction((tx) => store(tx, host, point));
  sessions.send(host, { case: "offlineStored", value: { offlineId: point.offlineId } });
}
