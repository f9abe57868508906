import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MusterError } from "@muster/core";
import { type ObjectStore, withRetry } from "@muster/object-store";
import { type Fault, faultyStore, memoryStore } from "@muster/object-store/testing";
import { afterAll, expect, test } from "vitest";
import { initRepository, restoreTree } from "./index.ts";
import { backUp, grantedDomain, passphrase, seededRandom } from "./testing/index.ts";

const scratch = await mkdtemp(join(tmpdir(), "muster-faults-"));
afterAll(() => rm(scratch, { recursive: true }));
let count = 0;

const random = seededRandom(31);
const before = { a: random.bytes(300_000) };
const after = { a: before.a, b: random.bytes(1_200_000), "d/c": random.text(400_000) };

/** A repository with one point, in a store that can be copied. */
async function base() {
  const store = memoryStore();
  const repository = await initRepository(store, { passphrase });
  await backUp(repository.domain("d"), before, { pointId: "before" });
  return { objects: store.objects, grant: repository.grant("d") };
}
const { objects, grant } = await base();
const copy = () => memoryStore(new Map(objects));
const nth = (n: number, fault: Fault) => (call: number) => (call === n ? fault : undefined);
const full: Fault = { kind: "fail", error: new MusterError("disk-full", "injected") };

/** How many calls of the store some work makes without a fault. */
async function callsOf(work: (store: ObjectStore) => Promise<unknown>): Promise<number> {
  const counted = faultyStore(copy(), () => undefined);
  await work(counted);
  return counted.calls();
}

const backUpInto = (store: ObjectStore) => backUp(grantedDomain(store, grant), after, { pointId: "after" });

async function restoreFrom(store: ObjectStore, id: string): Promise<string> {
  const target = join(scratch, `t${count++}`);
  await restoreTree(await grantedDomain(store, grant).openPoint(id), target);
  return target;
}

async function expectRestored(store: ObjectStore, id: string, files: Record<string, Buffer>): Promise<void> {
  const target = await restoreFrom(store, id);
  for (const [path, content] of Object.entries(files)) {
    expect((await readFile(join(target, path))).equals(content), path).toBe(true);
  }
}

const faults: [string, Fault][] = [
  ["refused", { kind: "fail" }],
  ["refused by a full disk", full],
  ["done, but unanswered", { kind: "fail-after" }],
  ["cut short", { kind: "truncate" }],
];

test.each(faults)(
  "a backup with any one call %s commits whole or not at all, and harms no other point",
  async (_, fault) => {
    const calls = await callsOf(backUpInto);
    expect(calls).toBeGreaterThan(8);
    for (let n = 0; n < calls; n++) {
      const store = copy();
      const outcome = await backUpInto(faultyStore(store, nth(n, fault))).catch((error: unknown) => error);
      const domain = grantedDomain(store, grant);
      const listed = (await domain.listPoints()).map(({ id }) => id);
      if (outcome instanceof Error) expect(outcome).toBeInstanceOf(MusterError);
      else expect(listed, `call ${n}`).toContain("after");
      expect(listed).toContain("before");
      await expectRestored(store, "before", before);
      if (listed.includes("after")) await expectRestored(store, "after", after);
      expect((await domain.verify({ level: "read" })).damage, `call ${n}`).toEqual([]);
    }
  },
);

test.each(faults)("a restore with any one call %s gives the true bytes or an error", async (_, fault) => {
  const store = copy();
  await backUpInto(store);
  const counted = faultyStore(store, () => undefined);
  await restoreFrom(counted, "after");
  for (let n = 0; n < counted.calls(); n++) {
    const target = await restoreFrom(faultyStore(store, nth(n, fault)), "after").catch((error: unknown) => error);
    if (target instanceof Error) expect(target).toBeInstanceOf(MusterError);
    else expect((await readFile(join(String(target), "b"))).equals(after.b)).toBe(true);
  }
});

test("with retries, a store that fails every third call does not stop a backup or a restore", async () => {
  const store = copy();
  const shaky = withRetry(
    faultyStore(store, (call) => (call % 3 === 2 ? { kind: "fail-after" } : undefined)),
    { attempts: 4, backoff: { initial: 1, max: 2 } },
  );
  await backUpInto(shaky);
  await expectRestored(shaky, "after", after);
});

test("after a failure every call of the writer throws it, and nothing is committed", async () => {
  const store = copy();
  const failing = faultyStore(store, (_, operation, key) =>
    operation === "put" && key.includes("/packs/") ? full : undefined,
  );
  await expect(backUpInto(failing)).rejects.toMatchObject({ code: "disk-full" });
  expect(await grantedDomain(store, grant).listPoints()).toHaveLength(1);
});
