import { describe, expect, it } from "vitest";
import { apiTokens, openDatabase } from "./index.ts";

describe("the database", () => {
  it("brings an empty PGlite up to date and stores a row", async () => {
    await using database = await openDatabase({});
    const row = { id: "t1", name: "n", role: "admin" as const, hash: "h", createdAt: new Date(0), createdBy: "user:x" };
    await database.db.insert(apiTokens).values(row);
    expect((await database.db.select().from(apiTokens))[0]?.createdAt).toEqual(new Date(0));
  });

  it("says which server does not answer, without its password", async () => {
    const opening = openDatabase({ url: "postgres://u:secret@127.0.0.1:1/muster" });
    await expect(opening).rejects.toMatchObject({
      code: "database-unavailable",
      message: expect.not.stringContaining("secret"),
    });
  });
});
