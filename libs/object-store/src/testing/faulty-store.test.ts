import { expect, test } from "vitest";
import { faultyStore, memoryStore } from "./index.ts";

test("a reordered call is done after a later one, and by itself when none comes", async () => {
  const store = memoryStore();
  const reordered = faultyStore(store, (call) => (call === 1 ? undefined : { kind: "reorder", milliseconds: 20 }));
  await Promise.all([reordered.put("first", Buffer.from("1")), reordered.put("second", Buffer.from("2"))]);
  await reordered.put("alone", Buffer.from("3"));
  expect([...store.objects.keys()]).toEqual(["second", "first", "alone"]);
});
