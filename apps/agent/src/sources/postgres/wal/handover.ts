import { type FSWatcher, watch } from "node:fs";
import { chmod, chown, mkdir, readdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Logger } from "@muster/core";

/** The account that PostgreSQL runs as, where it is not ours. */
export interface Account {
  readonly uid: number;
  readonly gid: number;
}

/**
 * A folder in which PostgreSQL's commands meet the running agent, so that no segment costs the start of a program: the command
 * leaves a name in `want`, the agent puts what it has into `ready` or says no in `answer`. Files appear in it by rename, so whole.
 */
export interface Handover {
  readonly directory: string;
  /** Names that were asked for and not yet answered. */
  wanted(): Promise<string[]>;
  /** Names that lie ready. */
  ready(): Promise<Set<string>>;
  /** Says no: the status that the command ends with, and a line for the server's log. */
  refuse(name: string, status: number, reason: string): Promise<void>;
  /** A path to write a file at before `publish`. */
  draft(name: string): string;
  /** Makes a written file ready. */
  publish(name: string): Promise<void>;
  /** Told whenever something may have changed. */
  onChange(listener: () => void): Disposable;
  remove(): Promise<void>;
}

const folders = ["want", "ready", "answer", "draft"] as const;
/** How often the folder is looked at without being told of a change, in milliseconds. */
const lookEvery = 250;

/** Makes the folder anew: what an earlier agent left in it counts for nothing. */
export async function openHandover(directory: string, account?: Account): Promise<Handover> {
  await rm(directory, { recursive: true, force: true });
  const give = async (path: string): Promise<void> => {
    if (account !== undefined) await chown(path, account.uid, account.gid);
  };
  await mkdir(directory, { recursive: true, mode: 0o700 });
  await give(directory);
  for (const folder of folders) {
    await mkdir(join(directory, folder), { mode: 0o700 });
    await give(join(directory, folder));
  }
  await writeFile(join(directory, "pid"), `${process.pid}\n`);
  await chmod(join(directory, "pid"), 0o644);
  const draft = (name: string): string => join(directory, "draft", name);
  const publish = async (name: string, folder: "ready" | "answer" = "ready"): Promise<void> => {
    await give(draft(name));
    await rename(draft(name), join(directory, folder, name));
  };
  return {
    directory,
    draft,
    publish,
    wanted: async () => (await readdir(join(directory, "want"))).filter((name) => !name.startsWith(".")),
    ready: async () => new Set(await readdir(join(directory, "ready"))),
    async refuse(name, status, reason) {
      await rm(join(directory, "want", name), { force: true });
      await writeFile(draft(name), `${status}\n${reason.replaceAll("\n", " ")}\n`, { mode: 0o600 });
      await publish(name, "answer");
    },
    onChange(listener) {
      const watchers: FSWatcher[] = ["want", "ready"].map((folder) => watch(join(directory, folder), listener));
      for (const watcher of watchers) watcher.on("error", () => undefined); // the timer goes on looking
      const timer = setInterval(listener, lookEvery);
      return {
        [Symbol.dispose]() {
          clearInterval(timer);
          for (const watcher of watchers) watcher.close();
        },
      };
    },
    remove: () => rm(directory, { recursive: true, force: true }),
  };
}

/**
 * Runs `round` at every change until the signal aborts, one at a time; `look` asks for another one. A round that fails is logged, and
 * done again at the next change.
 */
export function serveHandover(
  { handover, logger }: { readonly handover: Handover; readonly logger: Logger },
  signal: AbortSignal,
  round: () => Promise<void>,
): { look(): void; readonly ended: Promise<void> } {
  let again = false;
  let looking: Promise<void> | undefined;
  const rounds = async (): Promise<void> => {
    while (again && !signal.aborted) {
      again = false;
      await round();
    }
  };
  const look = (): void => {
    again = true;
    looking ??= rounds()
      .catch((error: unknown) => logger.error(error, `${handover.directory} cannot be served`))
      .finally(() => {
        looking = undefined;
      });
  };
  const serve = async (): Promise<void> => {
    using _ = handover.onChange(look);
    look();
    if (!signal.aborted) await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
    await looking;
  };
  return { look, ended: serve() };
}
