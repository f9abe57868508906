import type { AgentMessageSchema, MessageInitShape } from "@muster/protocol/grpc";

export type Outgoing = NonNullable<MessageInitShape<typeof AgentMessageSchema>["message"]>;

/** The way to the control plane: the stream that is open now, if any. */
export interface Outbox {
  /** Sends on the open stream. False without one: what must not be lost is in the journal and goes with the next hello. */
  send(message: Outgoing): boolean;
  attach(push: (message: Outgoing) => boolean): void;
  detach(): void;
}

export function outbox(): Outbox {
  let stream: ((message: Outgoing) => boolean) | undefined;
  return {
    send: (message) => stream?.(message) ?? false,
    attach(push) {
      stream = push;
    },
    detach() {
      stream = undefined;
    },
  };
}
