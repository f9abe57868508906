import {
  type Command,
  CommandFinishedSchema,
  create,
  type MessageInitShape,
  timestampFromMs,
} from "@muster/protocol/grpc";
import { connectAgent, enrolledHost, type TestAgent, type TestControlPlane } from "../../testing/index.ts";

type Outcome = NonNullable<MessageInitShape<typeof CommandFinishedSchema>["outcome"]>;

/** What a host does with a command: its outcome, or it goes on working until it is told. */
export type Behaviour = (command: Command) => Outcome | "works";

/** A scripted host with a journal that outlives connections and control planes, as a real agent's does. */
export interface TestHost {
  readonly name: string;
  /** `id/attempt` of every command it began, in order. */
  readonly began: string[];
  behave(behaviour: Behaviour): void;
  connect(test: TestControlPlane): Promise<void>;
  /** Loses the connection; what it works on goes on. */
  leave(): Promise<void>;
  /** Hears and does what has come meanwhile. */
  pump(): void;
  /** Ends what it works on. */
  finish(fits: (command: Command) => boolean, outcome: Outcome): void;
  working(): Command[];
}

export interface HostParts {
  readonly sources?: readonly string[];
  readonly probes?: readonly string[];
  readonly actions?: readonly string[];
}

/** Every work ends well at once; restores move something aside. */
export const doesWell: Behaviour = ({ work }) => {
  if (work.case === "checkRestore") return { case: "check", value: { findings: [] } };
  if (work.case === "restore")
    return { case: "restored", value: { bytes: 5_000_000n, items: 3n, asideId: work.value.asideId } };
  if (work.case === "gate") return { case: "gate", value: { rounds: 2, healthySince: timestampFromMs(0) } };
  if (work.case === "aside") return { case: "aside", value: { notes: ["done"] } };
  return { case: "action", value: { exitCode: 0, output: "ok" } };
};

export function failsWith(code: string, retryable: boolean): Outcome {
  return { case: "failure", value: { code, message: `it failed: ${code}`, hint: "Mend it.", retryable } };
}

export function testHost(name: string, { sources = [], probes = [], actions = [] }: HostParts): TestHost {
  const began: string[] = [];
  const results = new Map<string, { command: Command; outcome: Outcome }>();
  const unconfirmed = new Set<string>();
  const working = new Map<string, Command>();
  let behaviour = doesWell;
  let agent: TestAgent | undefined;
  let seen = 0;
  const keyOf = ({ commandId, attempt }: Pick<Command, "commandId" | "attempt">): string => `${commandId}/${attempt}`;

  const end = (command: Command, outcome: Outcome): void => {
    const key = keyOf(command);
    working.delete(key);
    results.set(key, { command, outcome });
    unconfirmed.add(key);
    agent?.finish(command, outcome);
  };
  const begin = (command: Command): void => {
    const key = keyOf(command);
    const known = results.get(key);
    if (known !== undefined) agent?.finish(command, known.outcome);
    if (known !== undefined || working.has(key)) return;
    began.push(key);
    working.set(key, command);
    const outcome = behaviour(command);
    agent?.say({ case: "started", value: { commandId: command.commandId, attempt: command.attempt } });
    if (outcome !== "works") end(command, outcome);
  };
  const cancel = (commandId: string): void => {
    for (const command of working.values())
      if (command.commandId === commandId) end(command, failsWith("cancelled", false));
  };
  const inventory = {
    sources: sources.map((source) => ({ name: source, type: "files" })),
    probes: probes.map((probe) => ({ name: probe })),
    actions: [...actions],
  };

  return {
    name,
    began,
    behave: (next) => {
      behaviour = next;
    },
    async connect(test) {
      await enrolledHost(test, name);
      const running = [...working.values()].map(({ commandId, attempt }) => ({ commandId, attempt }));
      const finished = [...unconfirmed].flatMap((key) => {
        const result = results.get(key);
        if (result === undefined) return [];
        const { commandId, attempt } = result.command;
        return [create(CommandFinishedSchema, { commandId, attempt, outcome: result.outcome })];
      });
      agent = connectAgent(test, name, { inventory, running, unconfirmed: finished });
      seen = 0;
      await agent.hear("welcome");
    },
    async leave() {
      const left = agent;
      agent = undefined;
      await left?.leave().catch(() => undefined); // a control plane that is gone has ended it already
    },
    pump() {
      for (const { message } of agent?.heard.slice(seen) ?? []) {
        seen += 1;
        if (message.case === "command") begin(message.value);
        if (message.case === "cancel") cancel(message.value.commandId);
        if (message.case === "stored") unconfirmed.delete(keyOf(message.value));
      }
    },
    finish(fits, outcome) {
      for (const command of [...working.values()]) if (fits(command)) end(command, outcome);
    },
    working: () => [...working.values()],
  };
}
