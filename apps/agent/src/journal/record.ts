import type { ProcessIdentity } from "../data/processes.ts";

/** One line of the journal. Never a secret: a command's repository grant is not written. */
export type JournalRecord =
  | {
      readonly t: "received";
      readonly id: string;
      readonly attempt: number;
      readonly target: string;
      /** Decimal; epochs are 64 bits wide. */
      readonly epoch: string;
      readonly at: number;
    }
  | { readonly t: "started"; readonly id: string; readonly attempt: number; readonly at: number }
  /** The leader of the process group that carries it out, so that what a killed agent left can be ended. */
  | { readonly t: "spawned"; readonly id: string; readonly attempt: number; readonly process: ProcessIdentity }
  /** `result` is the CommandFinished message in base64. */
  | { readonly t: "finished"; readonly id: string; readonly attempt: number; readonly result: string }
  | { readonly t: "stored"; readonly id: string; readonly attempt: number }
  | { readonly t: "epoch"; readonly target: string; readonly epoch: string }
  /** `point` is the OfflinePoint message in base64. */
  | { readonly t: "offline"; readonly id: string; readonly point: string }
  | { readonly t: "offline-stored"; readonly id: string };

export interface JournalEntry {
  readonly id: string;
  readonly attempt: number;
  readonly target: string;
  state: "received" | "started" | "finished" | "stored";
  startedAt: number;
  process?: ProcessIdentity;
  result?: string;
}

/** What the lines of a journal add up to. */
export interface JournalState {
  /** By `entryKey`, oldest first. */
  readonly entries: Map<string, JournalEntry>;
  readonly epochs: Map<string, bigint>;
  readonly offline: Map<string, string>;
}

export function emptyState(): JournalState {
  return { entries: new Map(), epochs: new Map(), offline: new Map() };
}

export function entryKey(id: string, attempt: number): string {
  return `${id}#${attempt}`;
}

/** Results that the server has stored are kept for so many commands, to answer late duplicates. */
const keptAnswers = 1000;

/** Takes one line into the state. */
export function apply(state: JournalState, record: JournalRecord): void {
  switch (record.t) {
    case "received":
      raiseEpoch(state, record.target, BigInt(record.epoch));
      addEntry(state, record);
      return;
    case "epoch":
      raiseEpoch(state, record.target, BigInt(record.epoch));
      return;
    case "offline":
      state.offline.set(record.id, record.point);
      return;
    case "offline-stored":
      state.offline.delete(record.id);
      return;
    case "stored":
      update(state, record, (entry) => {
        entry.state = "stored";
      });
      dropOldAnswers(state);
      return;
    case "started":
      update(state, record, (entry) => {
        entry.state = "started";
        entry.startedAt = record.at;
      });
      return;
    case "spawned":
      update(state, record, (entry) => {
        entry.process = record.process;
      });
      return;
    case "finished":
      update(state, record, (entry) => {
        entry.state = "finished";
        entry.result = record.result;
      });
      return;
    default:
      record satisfies never;
  }
}

function addEntry(state: JournalState, record: Extract<JournalRecord, { t: "received" }>): void {
  const { id, attempt, target, at } = record;
  state.entries.set(entryKey(id, attempt), { id, attempt, target, state: "received", startedAt: at });
}

function raiseEpoch(state: JournalState, target: string, epoch: bigint): void {
  if (epoch > (state.epochs.get(target) ?? 0n)) state.epochs.set(target, epoch);
}

function update(
  state: JournalState,
  { id, attempt }: { id: string; attempt: number },
  change: (entry: JournalEntry) => void,
): void {
  const entry = state.entries.get(entryKey(id, attempt));
  if (entry !== undefined) change(entry);
}

function dropOldAnswers(state: JournalState): void {
  const stored = [...state.entries].filter(([, entry]) => entry.state === "stored");
  for (const [key] of stored.slice(0, Math.max(0, stored.length - keptAnswers))) state.entries.delete(key);
}

/** The shortest list of lines with the same meaning. */
export function records(state: JournalState): JournalRecord[] {
  const epochs = [...state.epochs].map(([target, epoch]) => ({ t: "epoch" as const, target, epoch: String(epoch) }));
  const offline = [...state.offline].map(([id, point]) => ({ t: "offline" as const, id, point }));
  return [...epochs, ...[...state.entries.values()].flatMap(entryRecords), ...offline];
}

function entryRecords(entry: JournalEntry): JournalRecord[] {
  const { id, attempt, target, startedAt } = entry;
  const lines: JournalRecord[] = [{ t: "received", id, attempt, target, epoch: "0", at: startedAt }];
  if (entry.state !== "received") lines.push({ t: "started", id, attempt, at: startedAt });
  if (entry.process !== undefined && entry.result === undefined) {
    lines.push({ t: "spawned", id, attempt, process: entry.process });
  }
  if (entry.result !== undefined) lines.push({ t: "finished", id, attempt, result: entry.result });
  if (entry.state === "stored") lines.push({ t: "stored", id, attempt });
  return lines;
}
