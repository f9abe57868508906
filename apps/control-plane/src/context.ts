import type { Clock, Logger } from "@muster/core";
import type { Database, Queryable } from "@muster/database";
import type { Command, CommandFinished, CommandProgress } from "@muster/protocol/grpc";
import type { Repository } from "@muster/repository";
import type { Config } from "./config.ts";

/** What every verb of the control plane gets: the ports to the world, made once in `main`. */
export interface ControlPlane {
  readonly config: Config;
  readonly db: Database;
  readonly clock: Clock;
  readonly log: Logger;
  readonly events: EventBus;
  readonly commands: CommandBus;
  readonly repositories: Repositories;
}

/** A transaction, or the database where none is needed. */
export type Tx = Queryable;

/** Who does something: `user:NAME`, `host:NAME` or `system`. */
export type Actor = `user:${string}` | `host:${string}` | "system";

export interface LiveEvent {
  readonly type: "host" | "probe" | "backup" | "point" | "recovery" | "plan" | "audit";
  readonly subject: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** Live events inside this process; what must not be lost is in the database, and this only says "look". */
export interface EventBus {
  publish(event: LiveEvent): void;
  /** Returns a function that unsubscribes. */
  subscribe(listener: (event: LiveEvent & { id: string; at: number }) => void): () => void;
}

export interface NewCommand {
  readonly id: string;
  readonly attempt: number;
  readonly host: string;
  /** `source/NAME`, `action/NAME`, `gate/SERVICE`. */
  readonly target: string;
  /** True: takes a new epoch of the target, so that older commands on it are refused. */
  readonly fenced: boolean;
  readonly owner: "backup" | "recovery" | "check";
  readonly ownerId: string;
  readonly timeoutMs: number;
  /** The `work` of the Command; repository grants are left out and added when it is sent. */
  readonly work: Command["work"];
  /** Repository and domain of the grant to add. */
  readonly grant?: { readonly repository: string; readonly domain: string } | undefined;
}

export interface CommandHandler {
  started?(tx: Tx, command: { id: string; attempt: number; ownerId: string }, at: number): Promise<void>;
  /** Not stored as a command's state; may be thrown away. */
  progress?(command: { id: string; attempt: number; ownerId: string }, progress: CommandProgress): Promise<void>;
  /** Runs in the transaction that stores the result; called once per (id, attempt). */
  finished(
    tx: Tx,
    command: { id: string; attempt: number; ownerId: string; host: string },
    outcome: CommandFinished,
  ): Promise<void>;
}

/** Durable commands to agents: a command and the state that caused it are stored in one transaction. */
export interface CommandBus {
  /** Stores a command; a repeat of (id, attempt) does nothing. Sent after the commit, when the host is connected. */
  queue(tx: Tx, command: NewCommand): Promise<void>;
  /** Call after the commit of a transaction that queued or cancelled: sends what is due to connected hosts. */
  wake(): void;
  /** Asks the agent to stop a command; its result (or `cancelled`, when it was never sent) still comes to the handler. */
  cancel(tx: Tx, id: string, reason: string): Promise<void>;
  /** One handler per owner, registered at start. */
  handle(owner: NewCommand["owner"], handler: CommandHandler): void;
  /** Queues a `check` command and waits for its outcome. Throws `host-offline`, `timeout`. */
  ask(
    command: Omit<NewCommand, "owner" | "ownerId" | "attempt" | "fenced">,
    signal?: AbortSignal,
  ): Promise<CommandFinished>;
  isOnline(host: string): boolean;
}

export interface Repositories {
  names(): readonly string[];
  url(name: string): string;
  /** Opens it with the master key; cached. Throws `not-found`, `repository-missing`, `repository-key-wrong`. */
  open(name: string): Promise<Repository>;
}
