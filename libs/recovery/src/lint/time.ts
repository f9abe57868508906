import { MusterError } from "@muster/core";
import type { Plan } from "../plan/schema.ts";
import { parseSchedule } from "../schedule/schedule.ts";
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

/** Every schedule must be readable. */
export function schedules(plan: Plan): Remark[] {
  return Object.entries(plan.policies).flatMap(([name, policy]) =>
    policy.schedule.flatMap((text) => {
      const error = scheduleError(text);
      if (error === undefined) return [];
      const { message, hint } = error;
      return [
        { code: "bad-schedule", severity: "error" as const, path: ["policies", name, "schedule"], message, hint },
      ];
    }),
  );
}

function scheduleError(text: string): MusterError | undefined {
  try {
    parseSchedule(text);
    return undefined;
  } catch (thrown) {
    if (thrown instanceof MusterError) return thrown;
    throw thrown;
  }
}
