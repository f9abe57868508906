import type { Clock } from "@muster/core";
import {
  type Command,
  type CommandFinished,
  CommandFinishedSchema,
  create,
  fromBinary,
  type OfflinePoint,
  OfflinePointSchema,
  timestampFromMs,
  toBinary,
} from "@muster/protocol/grpc";
import { killLeftGroup, processIdentity } from "../data/processes.ts";
import { failure } from "../work/failure.ts";
import { openJournalFile } from "./file.ts";
import { entryKey, type JournalEntry } from "./record.ts";

/**
 * What the agent has promised, on disk. A command goes received → started → finished → stored; each line is durable before
 * the agent acts on it, so that a repeat of a command is answered and never carried out twice.
 */
export interface Journal {
  find(id: string, attempt: number): JournalEntry | undefined;
  /** The result of a finished command; undefined while it is not. */
  result(id: string, attempt: number): CommandFinished | undefined;
  /** The highest attempt of a command that was ever received. */
  latestAttempt(id: string): number;
  highestEpoch(target: string): bigint;
  epochs(): Record<string, bigint>;
  received(command: Command): Promise<void>;
  started(command: Command): Promise<void>;
  spawned(command: Command, pid: number): Promise<void>;
  finished(result: CommandFinished): Promise<void>;
  stored(id: string, attempt: number): Promise<void>;
  /** Results that the server has not confirmed, oldest first. */
  unconfirmed(): CommandFinished[];
  offlineTaken(point: OfflinePoint): Promise<void>;
  offlineStored(id: string): Promise<void>;
  offlinePoints(): OfflinePoint[];
  close(): Promise<void>;
}

/**
 * Opens the journal. Commands that were started without a result were interrupted: what is left of their processes is
 * killed, and they are answered with `command-interrupted`.
 */
export async function openJournal(path: string, clock: Clock, compactAt?: number): Promise<Journal> {
  const file = await openJournalFile(path, compactAt);
  const { state } = file;
  const journal: Journal = {
    find: (id, attempt) => state.entries.get(entryKey(id, attempt)),
    result: (id, attempt) => decodeResult(state.entries.get(entryKey(id, attempt))),
    latestAttempt: (id) =>
      Math.max(0, ...[...state.entries.values()].filter((entry) => entry.id === id).map(({ attempt }) => attempt)),
    highestEpoch: (target) => state.epochs.get(target) ?? 0n,
    epochs: () => Object.fromEntries(state.epochs),
    received: ({ commandId: id, attempt, target, epoch }) =>
      file.append({ t: "received", id, attempt, target, epoch: String(epoch), at: clock.now() }),
    started: ({ commandId: id, attempt }) => file.append({ t: "started", id, attempt, at: clock.now() }),
    async spawned({ commandId: id, attempt }, pid) {
      const identity = processIdentity(pid);
      // Not fsynced: it matters only after a crash of the agent, and after one of the machine the process is gone.
      if (identity !== undefined) {
        await file.append({ t: "spawned", id, attempt, process: identity }, { durable: false });
      }
    },
    finished: (result) => file.append({ t: "finished", ...keyOf(result), result: encode(result) }),
    async stored(id, attempt) {
      if (state.entries.get(entryKey(id, attempt))?.state === "finished") {
        await file.append({ t: "stored", id, attempt });
      }
    },
    unconfirmed: () =>
      [...state.entries.values()]
        .filter((entry) => entry.state === "finished")
        .map(decodeResult)
        .filter((result) => result !== undefined),
    offlineTaken: (point) =>
      file.append({ t: "offline", id: point.offlineId, point: base64(toBinary(OfflinePointSchema, point)) }),
    async offlineStored(id) {
      if (state.offline.has(id)) await file.append({ t: "offline-stored", id });
    },
    offlinePoints: () =>
      [...state.offline.values()].map((point) => fromBinary(OfflinePointSchema, Buffer.from(point, "base64"))),
    close: () => file.close(),
  };
  await reportInterrupted(journal, [...state.entries.values()], clock);
  return journal;
}

async function reportInterrupted(journal: Journal, entries: JournalEntry[], clock: Clock): Promise<void> {
  for (const entry of entries.filter(({ state }) => state === "started")) {
    if (entry.process !== undefined) killLeftGroup(entry.process);
    await journal.finished(
      create(CommandFinishedSchema, {
        commandId: entry.id,
        attempt: entry.attempt,
        startedAt: timestampFromMs(entry.startedAt),
        finishedAt: timestampFromMs(clock.now()),
        outcome: failure("command-interrupted", `the agent stopped while it worked on ${entry.target}`),
      }),
    );
  }
}

function keyOf({ commandId, attempt }: CommandFinished): { id: string; attempt: number } {
  return { id: commandId, attempt };
}

function encode(result: CommandFinished): string {
  return base64(toBinary(CommandFinishedSchema, result));
}

function decodeResult(entry: JournalEntry | undefined): CommandFinished | undefined {
  if (entry?.result === undefined) return undefined;
  return fromBinary(CommandFinishedSchema, Buffer.from(entry.result, "base64"));
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64");
}
