import type { Terminal } from "./terminal.ts";

/** A terminal in the test's hands. */
export interface TestTerminal extends Terminal {
  readonly output: () => string;
  readonly errors: () => string;
  interrupt(): void;
}

export function testTerminal(
  directory: string,
  changes: Partial<Pick<Terminal, "live" | "asks" | "environment" | "ask" | "columns" | "rows">> = {},
): TestTerminal {
  let output = "";
  let errors = "";
  const listeners = new Set<() => void>();
  return {
    out: (text) => {
      output += text;
    },
    err: (text) => {
      errors += text;
    },
    live: false,
    color: false,
    asks: false,
    columns: () => 120,
    rows: () => 40,
    ask: () => Promise.reject(new Error("this test answers no question")),
    onInterrupt(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    environment: { HOME: directory },
    directory,
    ...changes,
    output: () => output,
    errors: () => errors,
    interrupt: () => {
      for (const listener of listeners) listener();
    },
  };
}
