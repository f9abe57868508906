import { createHash } from "node:crypto";
import { MusterError, newId, newSecret } from "@muster/core";
import { apiTokens } from "@muster/database";
import type { Role } from "@muster/protocol";
import { eq } from "drizzle-orm";
import type { Actor, Tx } from "../context.ts";

/**
 * The form in which tokens are stored. A lookup by this hash needs no comparison in constant time: how long it takes
 * tells at most something about hashes, and nobody can choose a token by a prefix of its SHA-256.
 */
export function hashToken(token: string): string {
  return createHash("sha256").update(token).digest("hex");
}

export interface Caller {
  readonly name: string;
  readonly role: Role;
}

/** Finds who sends this token. Throws `unauthenticated`, `token-expired`. */
export async function findCaller(db: Tx, now: number, token: string): Promise<Caller> {
  const [row] = await db
    .select()
    .from(apiTokens)
    .where(eq(apiTokens.hash, hashToken(token)));
  if (row === undefined) throw new MusterError("unauthenticated", "the token is not known");
  if (row.revokedAt !== null) throw new MusterError("unauthenticated", `the token ${row.name} was revoked`);
  if (row.expiresAt !== null && row.expiresAt.getTime() <= now) {
    throw new MusterError("token-expired", `the token ${row.name} expired at ${row.expiresAt.toISOString()}`, {
      hint: "Ask an admin for a new one.",
    });
  }
  return { name: row.name, role: row.role };
}

export interface NewApiToken {
  readonly name: string;
  readonly role: Role;
  readonly expiresAt?: Date | undefined;
  readonly createdBy: Actor;
}

/** Makes an API token and stores its hash; the token itself is in the answer only. */
export async function createApiToken(tx: Tx, now: number, wanted: NewApiToken, token = newApiToken()) {
  const row = { ...wanted, id: newId("tok"), hash: hashToken(token), createdAt: new Date(now) };
  const [stored] = await tx.insert(apiTokens).values(row).returning();
  if (stored === undefined) throw new MusterError("internal", `the token ${wanted.name} was not stored`);
  return { token, stored };
}

export function newApiToken(): string {
  return `mst_${newSecret()}`;
}
