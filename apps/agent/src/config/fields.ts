import { parseDuration, parseSize } from "@muster/core";
import { z } from "zod";

/** Names of sources, probes and actions: what may stand in a path, a URL and a metric label. */
export const nameField = z
  .string()
  .regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, "use lower-case letters, digits and hyphens, at most 63 characters");

/** A duration such as `30s`; milliseconds after parsing. */
export const durationField = parsed(parseDuration, "is not a duration; write it like 90s, 15m or 1h30m");

/** A size such as `10GB`; bytes after parsing. */
export const sizeField = parsed((value) => parseSize(value), "is not a size; write it like 512MB or 10GiB");

function parsed(parse: (text: string) => number, complaint: string) {
  return z.string().transform((text, context) => {
    try {
      return parse(text);
    } catch {
      context.addIssue({ code: "custom", message: `"${text}" ${complaint}` });
      return z.NEVER;
    }
  });
}
