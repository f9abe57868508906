import { memoryStore } from "@muster/object-store/testing";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Permissions } from "./permission.ts";
import { createUsage } from "./usage.ts";

const host: Permissions = { host: "app-1", domains: new Map([["shop", "write"]]) };
beforeEach(() => vi.useFakeTimers({ toFake: ["performance"] }));
afterEach(() => vi.useRealTimers());

test("a quota that was used up has room again soon after a sweep", async () => {
  const store = memoryStore();
  await store.put("shop/packs/aa/1", Buffer.alloc(900));
  const usage = createUsage(store, { quota: 1000, keepFree: 0 });
  await expect(usage.reserve(host, "shop/packs/aa/2", 500)).rejects.toMatchObject({ code: "disk-full" });
  await store.delete("shop/packs/aa/1");
  await expect(usage.reserve(host, "shop/packs/aa/2", 500)).rejects.toMatchObject({ code: "disk-full" });
  vi.advanceTimersByTime(61_000);
  (await usage.reserve(host, "shop/packs/aa/2", 500))(false);
});

test("what is on its way counts, and what came to nothing does not", async () => {
  const usage = createUsage(memoryStore(), { quota: 1000, keepFree: 0 });
  const first = await usage.reserve(host, "shop/packs/aa/1", 600);
  await expect(usage.reserve(host, "shop/packs/aa/2", 600)).rejects.toMatchObject({ details: { reason: "quota" } });
  first(false);
  const second = await usage.reserve(host, "shop/packs/aa/2", 600);
  second(true);
  expect(await usage.free(host)).toBe(400);
});
