import { asMusterError, deadline, MusterError } from "@muster/core";
import type { ControlPlane } from "../context.ts";
import { openRepository } from "./repository-port.ts";

/** A repository that does not answer within this time (milliseconds) is shown as unreachable. */
const patience = 10_000;

/** A repository as operators see it; `message` says why it cannot be reached. */
export interface RepositoryState {
  readonly name: string;
  readonly url: string;
  readonly id?: string | undefined;
  readonly reachable: boolean;
  readonly freeBytes?: number | undefined;
  readonly message?: string | undefined;
}

/** Every configured repository, tried now. One that fails is listed as unreachable, with the reason. */
export function listRepositories({ repositories }: Pick<ControlPlane, "repositories">): Promise<RepositoryState[]> {
  return Promise.all(
    repositories.names().map(async (name) => {
      const place = { name, url: repositories.url(name) };
      try {
        return { ...place, reachable: true, ...(await within(patience, tryOut(repositories, name))) };
      } catch (error) {
        return { ...place, reachable: false, message: asMusterError(error).message };
      }
    }),
  );
}

async function tryOut(repositories: ControlPlane["repositories"], name: string) {
  const repository = await openRepository(repositories, name);
  return { id: repository.id, freeBytes: await repository.freeSpace() };
}

/** The answer, or `timeout`; what is still at work is left to end by itself. */
async function within<T>(milliseconds: number, work: Promise<T>): Promise<T> {
  const late = deadline(milliseconds);
  return Promise.race([
    work,
    new Promise<never>((_resolve, reject) => {
      const message = `it does not answer within ${milliseconds / 1000} s`;
      late.addEventListener("abort", () => reject(new MusterError("timeout", message)), { once: true });
    }),
  ]);
}
