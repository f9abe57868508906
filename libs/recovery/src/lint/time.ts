import { MusterError } from "@muster/core";
import type { Plan } from "../plan/schema.ts";
import { momentsOf } from "../schedule/moments.ts";
import type { Remark } from "./finding.ts";

/** The time zone must be one that the calendar knows. */
export function timezone(plan: Plan): Remark[] {
  try {
    new Intl.DateTimeFormat("en", { timeZone: plan.timezone });
    return [];
  } catch {
    const message = `"${plan.timezone}" is not a time zone`;
    return [
      {
        code: "bad-timezone",
        severity: "error",
        path: ["timezone"],
        message,
        hint: "Use an IANA name such as Europe/Berlin or UTC.",
      },
    ];
  }
}

/** When to begin looking for a due moment; which moment does not matter. */
const anyMoment = Date.UTC(2026, 0, 1);

/** Every schedule must be readable, and due some day. */
export function schedules(plan: Plan): Remark[] {
  return Object.entries(plan.policies).flatMap(([name, policy]) =>
    policy.schedule.flatMap((text, index) => {
      const error = scheduleError(text);
      if (error === undefined) return [];
      const path = ["policies", name, "schedule", index];
      return [{ code: "bad-schedule", severity: "error" as const, path, message: error.message, hint: error.hint }];
    }),
  );
}

function scheduleError(text: string): Pick<MusterError, "message" | "hint"> | undefined {
  try {
    if (Number.isFinite(momentsOf(text, "UTC")(anyMoment))) return undefined;
    return { message: `"${text}" is never due`, hint: "Choose a day that exists." };
  } catch (thrown) {
    if (thrown instanceof MusterError) return thrown;
    throw thrown;
  }
}
