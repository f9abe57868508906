import { once } from "node:events";
import { get } from "node:http";
import type { AddressInfo } from "node:net";
import { waitFor } from "@muster/core/testing";
import { openTestDatabase } from "@muster/database/testing";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type SharedRepository, sharedRepository, type TestFleet, testFleet } from "./testing/test-fleet.ts";
import { doesWell } from "./testing/test-host.ts";

let repository: SharedRepository;
beforeAll(async () => {
  repository = await sharedRepository();
});
afterAll(() => repository[Symbol.dispose]());

interface Snapshot {
  readonly id: number;
  readonly state: string;
}

/** Reads a recovery's stream until it is disposed of. */
async function listen(fleet: TestFleet, id: string, last?: number) {
  const { port } = fleet.test.app.server.address() as AddressInfo; // it listens on TCP
  const headers = {
    authorization: `Bearer ${await fleet.test.token("viewer")}`,
    ...(last === undefined ? {} : { "last-event-id": String(last) }),
  };
  const request = get({ host: "127.0.0.1", port, path: `/api/v1/recoveries/${id}/events`, headers });
  const [response] = await once(request, "response");
  let text = "";
  response.on("data", (chunk: Buffer) => {
    text += chunk.toString();
  });
  const snapshots = (): Snapshot[] =>
    [...text.matchAll(/^id: (\d+)\nevent: recovery\ndata: (.*)\n\n/gm)].map(([, revision, data = ""]) => ({
      id: Number(revision),
      state: JSON.parse(data).state,
    }));
  return { snapshots, text: () => text, [Symbol.dispose]: () => request.destroy() };
}

it("sends a recovery as it stands, then every change, and to who comes back only what is newer", async () => {
  await using database = await openTestDatabase();
  await using fleet = await testFleet(database, repository);
  await fleet.test.app.listen({ host: "127.0.0.1", port: 0 });
  fleet.hosts["db-1"].behave((command) => (command.work.case === "restore" ? "works" : doesWell(command)));
  const id = await fleet.begin();
  using stream = await listen(fleet, id);
  await waitFor("the first snapshot", () => stream.snapshots().length > 0);
  const running = (now: { steps: { id: string; state: string }[] }) =>
    now.steps.some((step) => step.id === "db/restore/orders" && step.state === "running");
  const { revision } = await fleet.until(id, "the restore", running);
  await waitFor("its revision", () => stream.snapshots().at(-1)?.id === revision);

  using again = await listen(fleet, id, revision);
  await waitFor("the answer", () => again.text().includes("still here"));
  expect(again.snapshots()).toEqual([]);
  await fleet.act(id, "cancel");
  await fleet.until(id, "the end", ({ state }) => state === "cancelled");
  for (const each of [stream, again]) await waitFor("the end", () => each.snapshots().at(-1)?.state === "cancelled");
  const ids = stream.snapshots().map((snapshot) => snapshot.id);
  expect(ids).toEqual([...new Set(ids)].toSorted((a, b) => a - b));
});
