import { auditRecords } from "@muster/database";
import { forEachDatabase } from "@muster/database/testing";
import { eq } from "drizzle-orm";
import { expect, it } from "vitest";
import { testControlPlane } from "../testing/index.ts";
import { recordAudit } from "./record.ts";
import { verifyAudit } from "./verify.ts";

const act = (subject: string) => ({
  actor: "user:anna" as const,
  action: "plan.apply",
  subject,
  details: { z: 1, a: { deep: [1.5, "ü", null] }, gone: undefined },
});

forEachDatabase("the audit trail", (open) => {
  it("fits together, also when it is written to from many sides at once", async () => {
    await using database = await open();
    const { db } = database;
    await Promise.all(Array.from({ length: 12 }, (_, n) => db.transaction((tx) => recordAudit(tx, n, act(`p${n}`)))));
    expect(await verifyAudit(db)).toMatchObject({ ok: true, records: 12 });
  });

  it("keeps nothing of an act that was rolled back", async () => {
    await using database = await open();
    const { db } = database;
    const failing = db.transaction(async (tx) => {
      await recordAudit(tx, 1, act("no"));
      throw new Error("rolled back");
    });
    await expect(failing).rejects.toThrow("rolled back");
    await db.transaction((tx) => recordAudit(tx, 2, act("yes")));
    expect(await verifyAudit(db)).toMatchObject({ ok: true, records: 1 });
  });

  it("shows a record that was changed, removed or put in another's place", async () => {
    await using database = await open();
    const { db } = database;
    for (const n of [1, 2, 3, 4]) await db.transaction((tx) => recordAudit(tx, n, act(`p${n}`)));
    const rows = await db.select().from(auditRecords).orderBy(auditRecords.seq);
    const [, second, third] = rows;
    if (second === undefined || third === undefined) throw new Error("four were written");
    const put = (row: typeof second) => db.update(auditRecords).set(row).where(eq(auditRecords.seq, row.seq));

    await put({ ...second, details: { ...second.details, z: 2 } });
    expect(await verifyAudit(db)).toMatchObject({
      ok: false,
      brokenAt: 2,
      message: expect.stringContaining("changed"),
    });
    await put({ ...second, actor: "user:eve" });
    expect(await verifyAudit(db)).toMatchObject({ ok: false, brokenAt: 2 });
    await put({ ...third, seq: 2 });
    await put({ ...second, seq: 3 });
    expect(await verifyAudit(db)).toMatchObject({ ok: false, brokenAt: 2 });
    await put(second);
    await put(third);
    expect(await verifyAudit(db)).toMatchObject({ ok: true });
    await db.delete(auditRecords).where(eq(auditRecords.seq, 2));
    expect(await verifyAudit(db)).toMatchObject({ ok: false, message: expect.stringContaining("2 is missing") });
  });

  it("is listed newest first in pages, to viewers", async () => {
    await using database = await open();
    await using test = await testControlPlane({ database });
    for (const n of [1, 2, 3]) await test.cp.db.transaction((tx) => recordAudit(tx, n, act(`p${n}`)));
    const first = (await test.call("viewer", "/api/v1/audit?limit=2")).json();
    expect(first.items.map(({ subject }: { subject: string }) => subject)).toEqual(["p3", "p2"]);
    const second = (await test.call("viewer", `/api/v1/audit?limit=2&cursor=${first.next}`)).json();
    expect(second).toMatchObject({ items: [{ subject: "p1" }] });
    expect(second.next).toBeUndefined();
    expect((await test.call("viewer", "/api/v1/audit/verify")).json()).toMatchObject({ ok: true, records: 3 });
  });
});
