import type { ErrorCode } from "@muster/core";
import type { MessageInitShape, MessageQueue, ServerMessageSchema } from "@muster/protocol/grpc";
import type { Links } from "../commands/dispatch.ts";
import type { Sessions } from "../context.ts";

export type ServerMessageInit = MessageInitShape<typeof ServerMessageSchema>;
type ScheduleProvider = Parameters<Sessions["provideSchedule"]>[0];
type OfflinePointHandler = Parameters<Sessions["storeOfflinePoints"]>[0];

/** One open stream. It counts as connected from its welcome on. */
export interface OpenSession {
  readonly id: string;
  readonly host: string;
  readonly out: MessageQueue<ServerMessageInit>;
}

export interface SessionRegistry extends Sessions, Links {
  /** Makes this the host's session; an older one is told that it was replaced. */
  open(session: OpenSession): void;
  /** False when another session has taken its place. */
  close(session: OpenSession): boolean;
  endAll(code: ErrorCode, message: string): void;
  /** This process among those that share the database. */
  readonly replica: string;
  /** The sessions of this process. */
  held(): readonly { readonly id: string; readonly host: string }[];
  endSession(id: string, code: ErrorCode, message: string): void;
  /** Hosts that other replicas hold, as they were known at the last look. */
  elsewhere(): ReadonlySet<string>;
  setElsewhere(hosts: ReadonlySet<string>): void;
  readonly scheduleProvider: ScheduleProvider | undefined;
  readonly offlinePointHandler: OfflinePointHandler | undefined;
}

/** The sessions of this process, and the one way to send to a host. */
export function createSessions(
  replica: string,
  onScheduleError: (host: string, thrown: unknown) => void,
): SessionRegistry {
  const open = new Map<string, OpenSession>();
  let elsewhere: ReadonlySet<string> = new Set();
  let provider: ScheduleProvider | undefined;
  let offlinePoints: OfflinePointHandler | undefined;

  const push = ({ out }: OpenSession, message: ServerMessageInit["message"]): boolean => {
    try {
      return out.push(message === undefined ? {} : { message });
    } catch {
      out.close(); // it reads too slowly; all that matters comes again with its next hello
      return false;
    }
  };
  const goodbye = (session: OpenSession, code: ErrorCode, message: string): void => {
    push(session, { case: "goodbye", value: { code, message } });
    session.out.close();
  };
  const send: Links["send"] = (host, message) => {
    const session = open.get(host);
    return session !== undefined && push(session, message);
  };
  const end: Sessions["end"] = (host, code, message) => {
    const session = open.get(host);
    if (session === undefined) return;
    open.delete(host);
    goodbye(session, code, message);
  };
  const sendScheduleTo = async (host: string): Promise<void> => {
    const schedule = await provider?.(host);
    if (schedule !== undefined) send(host, { case: "schedule", value: schedule });
  };

  return {
    replica,
    isOnline: (host) => open.has(host) || elsewhere.has(host),
    isHere: (host) => open.has(host),
    held: () => [...open.values()].map(({ id, host }) => ({ id, host })),
    elsewhere: () => elsewhere,
    setElsewhere: (hosts) => {
      elsewhere = hosts;
    },
    endSession(id, code, message) {
      for (const session of open.values()) if (session.id === id) end(session.host, code, message);
    },
    hosts: () => [...open.keys()],
    send,
    end,
    endAll: (code, message) => {
      for (const host of [...open.keys()]) end(host, code, message);
    },
    open(session) {
      end(session.host, "conflict", `a newer session of ${session.host} has taken over`);
      open.set(session.host, session);
    },
    close(session) {
      const present = open.get(session.host) === session;
      if (present) open.delete(session.host);
      return present;
    },
    provideSchedule: (given) => {
      provider = given;
    },
    sendSchedule: (host) => {
      for (const name of host === undefined ? [...open.keys()] : [host]) {
        sendScheduleTo(name).catch((thrown: unknown) => onScheduleError(name, thrown));
      }
    },
    storeOfflinePoints: (handler) => {
      offlinePoints = handler;
    },
    get scheduleProvider() {
      return provider;
    },
    get offlinePointHandler() {
      return offlinePoints;
    },
  };
}
