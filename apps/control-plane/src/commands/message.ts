import { MusterError } from "@muster/core";
import {
  type Command,
  type CommandFinished,
  CommandFinishedSchema,
  CommandSchema,
  create,
  durationFromMs,
  fromJson,
  type RepositoryGrant,
  RepositoryGrantSchema,
  timestampFromMs,
  toJson,
} from "@muster/protocol/grpc";
import type { NewCommand, Repositories } from "../context.ts";
import type { CommandRow } from "./store.ts";

/** The command as it is stored: without a repository grant, which is a secret. */
export function storedPayload(command: NewCommand, epoch: number): Record<string, unknown> {
  const message = create(CommandSchema, {
    commandId: command.id,
    attempt: command.attempt,
    target: command.target,
    epoch: BigInt(epoch),
    timeout: durationFromMs(command.timeoutMs),
    work: command.work,
  });
  return asRecord(toJson(CommandSchema, message));
}

/** The command as it is sent. Throws what opening the repository throws. */
export async function commandMessage(row: CommandRow, repositories: Repositories): Promise<Command> {
  const message = fromJson(CommandSchema, asJson(row.payload));
  if (row.grantRepository === null || row.grantDomain === null) return message;
  const { work } = message;
  const domain = row.grantDomain;
  if (work.case === "copy") {
    const { from, to } = work.value;
    work.value.from = await grantOf(repositories, from?.repository ?? "", domain);
    work.value.to = await grantOf(repositories, to?.repository ?? "", domain);
    return message;
  }
  if (work.case === "restore" && work.value.copies.length > 0) {
    const others = work.value.copies.map(({ repository }) => repository);
    const [first, ...copies] = await grantsOf(repositories, [row.grantRepository, ...others], domain);
    work.value.repository = first;
    work.value.copies = copies;
    return message;
  }
  const grant = await grantOf(repositories, row.grantRepository, domain);
  if (work.case !== "backup" && work.case !== "restore" && work.case !== "checkRestore") {
    throw new MusterError("internal", `the command ${row.id} needs no repository, but names one`);
  }
  work.value.repository = grant;
  return message;
}

/** What opens one domain of a repository. Never store or log it. */
export async function grantOf(
  repositories: Repositories,
  repository: string,
  domain: string,
): Promise<RepositoryGrant> {
  const granted = (await repositories.open(repository)).grant(domain);
  const url = repositories.url(repository);
  const { repositoryId, key: domainKey } = granted;
  return create(RepositoryGrantSchema, { repository, url, repositoryId, domain, domainKey });
}

/**
 * Grants for a repository and its copies. One that cannot be opened here is granted with the key of another, which is the same: the host
 * may reach it, and goes on with the next one where it does not. Throws what the first threw when none can be opened.
 */
async function grantsOf(
  repositories: Repositories,
  names: readonly string[],
  domain: string,
): Promise<RepositoryGrant[]> {
  const tried = await Promise.allSettled(names.map((name) => grantOf(repositories, name, domain)));
  const opened = tried.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
  const [known] = opened;
  if (known === undefined) throw tried.flatMap((one) => (one.status === "rejected" ? [one.reason] : []))[0];
  return names.map((repository, at) => {
    const one = tried[at];
    if (one?.status === "fulfilled") return one.value;
    return create(RepositoryGrantSchema, { ...known, repository, url: repositories.url(repository) });
  });
}

export function storedOutcome(finished: CommandFinished): Record<string, unknown> {
  return asRecord(toJson(CommandFinishedSchema, finished));
}

export function readOutcome(stored: Record<string, unknown>): CommandFinished {
  return fromJson(CommandFinishedSchema, asJson(stored));
}

/** An outcome that the control plane itself decides on: the command was not sent, or never answered. */
export function ownFailure(row: CommandRow, at: number, error: MusterError): CommandFinished {
  const { code, message, hint, retryable } = error;
  return create(CommandFinishedSchema, {
    commandId: row.id,
    attempt: row.attempt,
    startedAt: timestampFromMs(row.startedAt?.getTime() ?? at),
    finishedAt: timestampFromMs(at),
    outcome: { case: "failure", value: { code, message, hint, retryable } },
  });
}

/** Protobuf messages are always JSON objects. */
function asRecord(json: unknown): Record<string, unknown> {
  return json as Record<string, unknown>;
}

function asJson(record: Record<string, unknown>) {
  return record as Parameters<typeof fromJson>[1]; // it was made by toJson
}
