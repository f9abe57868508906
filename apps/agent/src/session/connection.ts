import { type Clock, type Logger, MusterError, newId } from "@muster/core";
import {
  type AgentMessageSchema,
  create,
  createServiceClient,
  type Hello,
  HelloSchema,
  type Inventory,
  type LogStatus,
  type MessageInitShape,
  messageQueue,
  type ServerMessage,
  SessionService,
  timestampFromMs,
  timestampMs,
} from "@muster/protocol/grpc";
import { identityCredentials } from "../enrolment/credentials.ts";
import type { Identity } from "../enrolment/identity.ts";
import type { Journal } from "../journal/journal.ts";
import type { ProbeMonitor } from "../probes/monitor.ts";
import { agentVersion } from "../version.ts";
import type { Dispatcher } from "../work/dispatcher.ts";
import { measureLoad } from "./load.ts";
import type { Outbox } from "./outbox.ts";

/** The control plane must greet within this time, and echo heartbeats at least so often, in milliseconds. */
const welcomeTimeout = 15_000;
const missedEchoes = 3;

/** New at each start of this process. */
const bootId = newId("boot");

export interface ConnectionContext {
  readonly journal: Journal;
  readonly dispatcher: Dispatcher;
  readonly monitor: ProbeMonitor;
  readonly outbox: Outbox;
  readonly clock: Clock;
  readonly log: Logger;
  readonly diskPaths: readonly string[];
  /** What is known of continuous sources now. */
  readonly logs?: () => readonly LogStatus[];
  readonly inventory: () => Promise<Inventory>;
  onSchedule(schedule: Extract<ServerMessage["message"], { case: "schedule" }>["value"]): Promise<void>;
  /** The stream is open and greeted. */
  onWelcome(): void;
  /** The stream has ended. */
  onEnd(): void;
}

/** Holds one stream until it ends. Throws why: the network's error, or the code of the server's Goodbye. */
export async function holdSession(identity: Identity, context: ConnectionContext, signal: AbortSignal): Promise<void> {
  const { outbox, log } = context;
  const inventory = await context.inventory();
  const client = createServiceClient(SessionService, identity.sessionAddress, identityCredentials(identity));
  const queue = messageQueue<MessageInitShape<typeof AgentMessageSchema>>();
  const broken = new AbortController();
  const heart = heartbeat(context, broken);
  // Attached in the same turn as the hello is made: a result that comes now is either in it or follows it.
  queue.push({ message: { case: "hello", value: hello(context, inventory) } });
  outbox.attach((message) => {
    try {
      return queue.push({ message });
    } catch (error) {
      broken.abort(error); // the server reads too slowly; what matters goes with the next hello
      return false;
    }
  });
  try {
    const combined = AbortSignal.any([signal, broken.signal]);
    for await (const { message } of client.session(queue, { signal: combined })) await receive(message, context, heart);
    throw new MusterError("host-offline", "the control plane ended the session");
  } catch (thrown) {
    throw broken.signal.aborted ? broken.signal.reason : thrown;
  } finally {
    log.debug("stream closed");
    outbox.detach();
    context.onEnd();
    heart.stop();
    queue.close();
    client.close();
  }
}

function hello({ dispatcher, journal }: ConnectionContext, inventory: Inventory): Hello {
  return create(HelloSchema, {
    agentVersion,
    bootId,
    inventory,
    running: dispatcher.running().map(({ commandId, attempt }) => ({ commandId, attempt })),
    unconfirmed: journal.unconfirmed(),
    epochs: journal.epochs(),
  });
}

async function receive(message: ServerMessage["message"], context: ConnectionContext, heart: Heart): Promise<void> {
  const { dispatcher, journal, log } = context;
  switch (message.case) {
    case "welcome":
      for (const id of message.value.stop) dispatcher.cancel(id, "the control plane gave it up");
      heart.start(message.value.heartbeatSeconds || 10);
      context.onWelcome();
      return reportState(context);
    case "command":
      return dispatcher.accept(message.value);
    case "cancel":
      return dispatcher.cancel(message.value.commandId, message.value.reason);
    case "stored":
      return journal.stored(message.value.commandId, message.value.attempt);
    case "echo":
      return heart.echo(timestampOf(message.value.agentSentAt), timestampOf(message.value.serverTime));
    case "schedule":
      return context.onSchedule(message.value);
    case "offlineStored":
      return journal.offlineStored(message.value.offlineId);
    case "goodbye":
      throw goodbye(message.value.code, message.value.message);
    case undefined:
      log.warn("the control plane sent a message that this version does not know");
      return;
    default:
      return message satisfies never;
  }
}

function reportState({ outbox, journal, monitor }: ConnectionContext): void {
  const results = monitor.current();
  if (results.length > 0) outbox.send({ case: "probes", value: { results } });
  for (const point of journal.offlinePoints()) outbox.send({ case: "offlinePoint", value: point });
}

function goodbye(code: string, message: string): MusterError {
  if (code === "certificate-revoked" || code === "revoked") return new MusterError("certificate-revoked", message);
  return new MusterError("conflict", `the control plane ended the session (${code}): ${message}`);
}

function timestampOf(timestamp: Parameters<typeof timestampMs>[0] | undefined): number {
  return timestamp === undefined ? Number.NaN : timestampMs(timestamp);
}

type Heart = ReturnType<typeof heartbeat>;

/** Sends heartbeats and breaks the connection when nobody echoes them. */
function heartbeat({ outbox, clock, diskPaths, logs, log }: ConnectionContext, broken: AbortController) {
  let offset: number | undefined;
  let lastEcho = performance.now();
  let beat: NodeJS.Timeout | undefined;
  const silent = (): void =>
    broken.abort(new MusterError("host-offline", "the control plane does not answer any more"));
  const unwelcome = setTimeout(silent, welcomeTimeout);

  const send = async (): Promise<void> => {
    const load = await measureLoad(diskPaths, logs?.());
    const value = { sentAt: timestampFromMs(clock.now()), load };
    outbox.send({ case: "heartbeat", value: offset === undefined ? value : { ...value, clockOffsetMs: offset } });
  };
  return {
    start(seconds: number): void {
      clearTimeout(unwelcome);
      clearInterval(beat);
      lastEcho = performance.now();
      const pulse = (): void => {
        if (performance.now() - lastEcho > seconds * 1000 * missedEchoes + 2000) {
          silent();
          return;
        }
        send().catch((error: unknown) => log.warn(error, "no heartbeat"));
      };
      pulse();
      beat = setInterval(pulse, seconds * 1000);
    },
    /** Cristian's algorithm: the server read its clock half a round trip after the heartbeat was sent. */
    echo(sentAt: number, serverTime: number): void {
      lastEcho = performance.now();
      const roundTrip = clock.now() - sentAt;
      if (Number.isFinite(serverTime) && roundTrip >= 0) offset = serverTime - (sentAt + roundTrip / 2);
    },
    stop(): void {
      clearTimeout(unwelcome);
      clearInterval(beat);
    },
  };
}
