import { MusterError } from "@muster/core";

export interface MessageQueue<T> extends AsyncIterable<T> {
  /** Adds a message; false when the queue is closed. Throws `conflict` when the reader is `limit` messages behind. */
  push(message: T): boolean;
  /** Ends the iteration after the messages that are queued. */
  close(): void;
  readonly size: number;
}

/** A bounded queue between whoever produces messages and the one stream that sends them. */
export function messageQueue<T>(limit = 10_000): MessageQueue<T> {
  const waiting: T[] = [];
  let wake: (() => void) | undefined;
  let closed = false;
  const notify = (): void => {
    wake?.();
    wake = undefined;
  };
  return {
    get size() {
      return waiting.length;
    },
    push(message) {
      if (closed) return false;
      if (waiting.length >= limit) throw new MusterError("conflict", `the peer is ${limit} messages behind`);
      waiting.push(message);
      notify();
      return true;
    },
    close() {
      closed = true;
      notify();
    },
    async *[Symbol.asyncIterator]() {
      for (;;) {
        while (waiting.length > 0) yield waiting.shift() as T; // length was checked
        if (closed) return;
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
  };
}
