import type { ChildProcess } from "node:child_process";

/** How long children may take to end by themselves after a signal, in milliseconds. */
const grace = 10_000;
const exitCodes = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;
const children = new Set<ChildProcess>();
let listening = false;

/** Ends the child's process group when this process is told to stop. The answer takes it off the list again. */
export function stopWithUs(child: ChildProcess): () => void {
  listen();
  children.add(child);
  return () => children.delete(child);
}

/** Must come before a child is started: a signal that arrives in between would end us without it. */
export function listen(): void {
  if (listening) return;
  listening = true;
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.once(signal, () => stopAll(signal));
  }
}

/** Passes the signal on, waits for the children, and kills those that do not end in time. */
function stopAll(signal: "SIGINT" | "SIGTERM" | "SIGHUP"): void {
  const waiting = [...children].filter((child) => child.exitCode === null && child.signalCode === null);
  // A shell's background jobs ignore SIGINT, so what is left of the groups is killed in any case.
  const leave = () => {
    for (const child of waiting) signalGroup(child, "SIGKILL");
    process.exit(exitCodes[signal]);
  };
  if (waiting.length === 0) leave();
  let left = waiting.length;
  for (const child of waiting) {
    child.once("exit", () => {
      left -= 1;
      if (left === 0) leave();
    });
    signalGroup(child, signal);
  }
  setTimeout(leave, grace).unref();
}

function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch {
    // The group has ended meanwhile, which is what was wanted.
  }
}
