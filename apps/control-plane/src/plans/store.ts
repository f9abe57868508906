import { planVersions } from "@muster/database";
import type { Plan, Service } from "@muster/recovery";
import { and, desc, eq, sql } from "drizzle-orm";
import type { Tx } from "../context.ts";

/** One applied version of a plan. */
export interface StoredPlan {
  readonly name: string;
  readonly version: number;
  /** SHA-256 of the canonical model. */
  readonly hash: string;
  readonly files: { name: string; text: string }[];
  readonly model: Plan;
  readonly appliedAt: Date;
  readonly appliedBy: string;
  readonly current: boolean;
}

/** A service together with the plan that is in force for it. */
export interface FoundService {
  readonly name: string;
  readonly service: Service;
  readonly plan: StoredPlan;
}

/** The plans in force, by name. Empty when none was applied. */
export async function currentPlans(tx: Tx): Promise<StoredPlan[]> {
  return tx.select().from(planVersions).where(eq(planVersions.current, true)).orderBy(planVersions.name);
}

/** The version in force of one plan. */
export async function currentPlan(tx: Tx, name: string): Promise<StoredPlan | undefined> {
  const rows = await tx
    .select()
    .from(planVersions)
    .where(and(eq(planVersions.name, name), eq(planVersions.current, true)));
  return rows[0];
}

/** Every service of the plans in force, in the order of the plans' names. Names are unique over all plans. */
export async function allServices(tx: Tx): Promise<FoundService[]> {
  const plans = await currentPlans(tx);
  return plans.flatMap((plan) =>
    Object.entries(plan.model.services).map(([name, service]) => ({ name, service, plan })),
  );
}

/** The service of that name in the plans in force. */
export async function findService(tx: Tx, name: string): Promise<FoundService | undefined> {
  return (await allServices(tx)).find((found) => found.name === name);
}

/** All versions of a plan, newest first. */
export async function planHistory(tx: Tx, name: string): Promise<StoredPlan[]> {
  return tx.select().from(planVersions).where(eq(planVersions.name, name)).orderBy(desc(planVersions.version));
}

/** One version of a plan. */
export async function planVersion(tx: Tx, name: string, version: number): Promise<StoredPlan | undefined> {
  const rows = await tx
    .select()
    .from(planVersions)
    .where(and(eq(planVersions.name, name), eq(planVersions.version, version)));
  return rows[0];
}

/** Makes appliers of plans wait for each other until their transactions end, so that service names stay unique. */
export async function lockPlans(tx: Tx): Promise<void> {
  await tx.execute(sql`lock table plan_versions in share row exclusive mode`);
}

/** Stores a version and puts it in force in place of the one before. */
export async function insertPlanVersion(
  tx: Tx,
  plan: Omit<StoredPlan, "current"> & { readonly forcedReason: string | null },
): Promise<void> {
  await tx.update(planVersions).set({ current: false }).where(eq(planVersions.name, plan.name));
  await tx.insert(planVersions).values({ ...plan, current: true });
}
