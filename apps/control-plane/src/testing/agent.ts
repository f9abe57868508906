import { waitFor } from "@muster/core/testing";
import {
  type AgentMessage,
  AgentMessageSchema,
  type Command,
  type CommandFinishedSchema,
  create,
  type MessageInitShape,
  messageQueue,
  type ServerMessage,
  ServerMessageSchema,
} from "@muster/protocol/grpc";
import { holdSession, type SessionContext } from "../hosts/session.ts";

type AgentInit = MessageInitShape<typeof AgentMessageSchema>["message"];
type ServerKind = NonNullable<ServerMessage["message"]["case"]>;

type ValueOf<K extends ServerKind> = Extract<ServerMessage["message"], { case: K }>["value"];

/** An agent in the test's hands: says what it is told to, and keeps what it hears. */
export interface TestAgent {
  readonly heard: ServerMessage[];
  say(message: AgentInit): void;
  /** Reports the outcome of a command. */
  finish(command: Pick<Command, "commandId" | "attempt">, outcome: Outcome): void;
  /** The first message of this kind that `fits`; waits for it. */
  hear<K extends ServerKind>(kind: K, fits?: (value: ValueOf<K>) => boolean): Promise<ValueOf<K>>;
  /** Breaks the stream, as a dead network does. */
  leave(): Promise<void>;
  /** Resolves when the server has ended the stream; rejects with what it ended it for. */
  readonly ended: Promise<void>;
}

type Outcome = NonNullable<MessageInitShape<typeof CommandFinishedSchema>["outcome"]>;
type HelloInit = Extract<NonNullable<AgentInit>, { case: "hello" }>["value"];

/** Connects as the agent of a host, past TLS; the hello is sent at once unless it is to be silent. */
export function connectAgent(
  context: SessionContext,
  host: string,
  hello: HelloInit = {},
  { silent = false }: { readonly silent?: boolean } = {},
): TestAgent {
  const requests = messageQueue<AgentMessage>();
  const gone = new AbortController();
  const heard: ServerMessage[] = [];
  const say = (message: AgentInit): void =>
    void requests.push(create(AgentMessageSchema, message === undefined ? {} : { message }));
  if (!silent) say({ case: "hello", value: { agentVersion: "test", ...hello } });
  const listen = async (): Promise<void> => {
    const stream = holdSession(context, { host, requests, signal: gone.signal, recheck: async () => undefined });
    for await (const message of stream) heard.push(create(ServerMessageSchema, message));
  };
  const ended = listen();
  ended.catch(() => undefined); // a test that cares awaits it
  return {
    heard,
    say,
    ended,
    finish: ({ commandId, attempt }, outcome) => say({ case: "finished", value: { commandId, attempt, outcome } }),
    async hear<K extends ServerKind>(kind: K, fits: (value: ValueOf<K>) => boolean = () => true) {
      const found = await waitFor(`${host} to hear ${kind}`, () => {
        const values = heard.filter(({ message }) => message.case === kind).map(({ message }) => message.value);
        const value = values.find((each) => fits(each as ValueOf<K>)); // only messages of this kind are left
        return value === undefined ? undefined : { value };
      });
      return found.value as ValueOf<K>; // as above
    },
    async leave() {
      gone.abort();
      requests.close();
      await ended;
    },
  };
}
