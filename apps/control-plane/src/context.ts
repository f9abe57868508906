import type { Clock, ErrorCode, Logger } from "@muster/core";
import type { Database, Queryable } from "@muster/database";
import type { DeletableStore, ObjectStore } from "@muster/object-store";
import type {
  Command,
  CommandFinished,
  CommandProgress,
  MessageInitShape,
  OfflinePoint,
  ScheduleSchema,
} from "@muster/protocol/grpc";
import type { Repository } from "@muster/repository";
import type { Config, SweepSettings } from "./config.ts";

/** What every verb of the control plane gets: the ports to the world, made once in `main`. */
export interface ControlPlane {
  readonly config: Config;
  readonly db: Database;
  readonly clock: Clock;
  readonly log: Logger;
  readonly events: EventBus;
  readonly commands: CommandBus;
  readonly repositories: Repositories;
  readonly sessions: Sessions;
  readonly identity: Identity;
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
  subscribe(listener: (event: PublishedEvent) => void): () => void;
  /** The events after this id that are still remembered; empty when it is not. */
  since(id: string): readonly PublishedEvent[];
}

export type PublishedEvent = LiveEvent & { readonly id: string; readonly at: number };

export interface NewCommand {
  readonly id: string;
  readonly attempt: number;
  readonly host: string;
  /** `source/NAME`, `action/NAME`, `gate/SERVICE`. */
  readonly target: string;
  /** True: takes a new epoch of the target, so that older commands on it are refused. */
  readonly fenced: boolean;
  readonly owner: "backup" | "recovery" | "check" | "copy";
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
  /** Told after the commit of a transaction in which `started` or `finished` ran; what must not be lost is done there. */
  committed?(command: { id: string; attempt: number; ownerId: string }): void;
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
  open(name: string): Promise<OpenedRepository>;
  /** The same with what may delete in it. Throws `config-invalid` when the configuration gives nothing that may. */
  openForSweep(name: string): Promise<{ repository: OpenedRepository; store: DeletableStore; settings: SweepSettings }>;
}

export interface OpenedRepository extends Repository {
  /** Where its objects are; to heal it. */
  readonly store: ObjectStore;
  /** Bytes that can still be written; undefined where the store does not know. */
  freeSpace(): Promise<number | undefined>;
}

/** The open sessions of agents, and what other domains hang onto them. */
export interface Sessions {
  isOnline(host: string): boolean;
  /** Says goodbye and ends the host's session, if it has one; the agent is told why. */
  end(host: string, code: ErrorCode, message: string): void;
  /** Registers who knows what an agent does by itself while it is cut off; asked at each session's start. */
  provideSchedule(provider: (host: string) => Promise<MessageInitShape<typeof ScheduleSchema> | undefined>): void;
  /** Sends the schedule anew to one connected host, or to all; call it after the commit that changed it. */
  sendSchedule(host?: string): void;
  /** Registers who stores points taken while cut off; runs in the transaction after which the agent is confirmed. */
  storeOfflinePoints(handler: (tx: Tx, host: string, point: OfflinePoint) => Promise<void>): void;
}

/** Who this control plane is to its agents. */
export interface Identity {
  /** SHA-256 of the certificate authority's DER, hex. */
  readonly fingerprint: string;
  /** PEM. */
  readonly caCertificate: string;
  /** Signs an agent's request (PKCS #10, DER) for this host name. Throws `request-invalid`. */
  signAgent(host: string, signingRequest: Uint8Array): Promise<AgentCertificate>;
  /** `host:port` of the listeners as agents reach them, known once they listen; of the vault only where there is one. */
  endpoints(): { readonly enrol: string; readonly session: string; readonly vault?: string };
}

export interface AgentCertificate {
  /** PEM. */
  readonly certificate: string;
  /** SHA-256 of its DER, hex. */
  readonly fingerprint: string;
  readonly notAfter: Date;
}
