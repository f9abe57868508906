import { newId } from "@muster/core";
import { CopySchema, create, RepositoryGrantSchema, timestampFromMs } from "@muster/protocol/grpc";
import { lockScheduler } from "../catalog/store.ts";
import type { ControlPlane, Tx } from "../context.ts";
import { insertRun } from "./store.ts";
import { type DueCopy, dueCopies } from "./wanted.ts";

/** A copy may take this long, in milliseconds; what it has not done by then the next one does. */
const longest = 24 * 3_600_000;

/** Has agents copy what is not copied yet. Safe to call at any time: a copy that runs is not begun a second time. */
export async function startDueCopies(cp: ControlPlane): Promise<void> {
  const started = await cp.db.transaction(async (tx) => {
    await lockScheduler(tx);
    let count = 0;
    for (const due of await dueCopies(tx, cp.clock.now())) {
      if (cp.commands.isOnline(due.found.service.host) && (await startCopy(cp, tx, due))) count += 1;
    }
    return count;
  });
  if (started > 0) cp.commands.wake();
}

async function startCopy(cp: ControlPlane, tx: Tx, due: DueCopy): Promise<boolean> {
  const { service, source, from, to, points, limit, window, failures } = due;
  const id = newId("cpy");
  const { host } = due.found.service;
  const row = { id, service, source, fromRepository: from, toRepository: to, host, points: points.length, failures };
  if (!(await insertRun(tx, { ...row, state: "running", createdAt: new Date(cp.clock.now()) }))) return false;
  const value = create(CopySchema, {
    service,
    source,
    from: create(RepositoryGrantSchema, { repository: from }),
    to: create(RepositoryGrantSchema, { repository: to }),
    points: points.map((point) => point.id),
    bytesPerSecond: BigInt(limit),
    ...(window.until === undefined ? {} : { until: timestampFromMs(window.until) }),
  });
  await cp.commands.queue(tx, {
    id,
    attempt: 1,
    host,
    target: `copy/${source}/${to}`,
    fenced: false,
    owner: "copy",
    ownerId: id,
    timeoutMs: longest,
    work: { case: "copy", value },
    grant: { repository: from, domain: service },
  });
  return true;
}
