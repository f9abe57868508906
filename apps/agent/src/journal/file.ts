import { type FileHandle, mkdir, open, readFile } from "node:fs/promises";
import { dirname } from "node:path";
import { MusterError, systemErrorCode } from "@muster/core";
import { writeAtomic, writeFailure } from "../data/atomic-file.ts";
import { apply, emptyState, type JournalRecord, type JournalState, records } from "./record.ts";

export interface JournalFile {
  readonly state: JournalState;
  /** Adds a line and takes it into the state; with `durable` only after it is on disk. Throws `disk-full`. */
  append(record: JournalRecord, options?: { durable?: boolean }): Promise<void>;
  close(): Promise<void>;
}

/**
 * Opens an append-only file of JSON lines. A last line that a crash tore is cut off; a broken line before the last is an
 * error, because what it said is not known. Rewritten when larger than `compactAt` bytes.
 */
export async function openJournalFile(path: string, compactAt = 1024 * 1024): Promise<JournalFile> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const state = parseJournal(path, await readOptional(path));
  await writeAtomic(path, lines(state));
  let file: FileHandle = await open(path, "a", 0o600);
  let size = (await file.stat()).size;
  let limit = Math.max(compactAt, size * 2);
  let last: Promise<void> = Promise.resolve();

  const compact = async (): Promise<void> => {
    const content = lines(state);
    await writeAtomic(path, content);
    await file.close();
    file = await open(path, "a", 0o600);
    size = content.length;
    limit = Math.max(compactAt, size * 2);
  };
  const write = async (record: JournalRecord, durable: boolean): Promise<void> => {
    const line = `${JSON.stringify(record)}\n`;
    try {
      await file.appendFile(line);
      if (durable) await file.datasync();
    } catch (cause) {
      // A torn line must not stand before the next one.
      await file.truncate(size).catch(() => undefined);
      throw writeFailure(path, cause);
    }
    size += Buffer.byteLength(line);
    apply(state, record);
    if (size > limit) await compact();
  };
  return {
    state,
    append(record, { durable = true } = {}) {
      const written = last.then(() => write(record, durable));
      last = written.catch(() => undefined);
      return written;
    },
    async close() {
      await last;
      await file.close();
    },
  };
}

function lines(state: JournalState): string {
  return records(state)
    .map((record) => `${JSON.stringify(record)}\n`)
    .join("");
}

function parseJournal(path: string, text: string): JournalState {
  const state = emptyState();
  const parts = text.split("\n");
  parts.pop(); // what follows the last newline: nothing, or a torn line that was never acknowledged
  for (const [index, line] of parts.entries()) {
    try {
      apply(state, JSON.parse(line) as JournalRecord); // written by this module
    } catch (cause) {
      throw new MusterError("internal", `${path}:${index + 1}: this line of the journal is damaged`, {
        cause,
        hint: "Restore the file, or move it away: commands that were running are then not known any more.",
      });
    }
  }
  return state;
}

async function readOptional(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") return "";
    throw error;
  }
}
