import { planVersionSchema } from "@muster/protocol";
import { z } from "zod";
import type { Api } from "../api/api.ts";

/** Something that can be recovered by name. */
export interface Scenario {
  readonly name: string;
  readonly plan: string;
  readonly description: string | undefined;
}

const plansSchema = z.object({ items: z.array(planVersionSchema) });
const planSchema = z.object({
  model: z.object({ scenarios: z.record(z.string(), z.object({ description: z.string().optional() })) }),
});

/** The scenarios of all plans in force, in the order of the plans. */
export async function readScenarios(api: Api, signal: AbortSignal): Promise<Scenario[]> {
  const { items } = await api.get("/api/v1/plans", plansSchema, signal);
  const all = items.map(async ({ name: plan }) => {
    const { model } = await api.get(`/api/v1/plans/${encodeURIComponent(plan)}`, planSchema, signal);
    return Object.entries(model.scenarios).map(([name, { description }]) => ({ name, plan, description }));
  });
  return (await Promise.all(all)).flat();
}
