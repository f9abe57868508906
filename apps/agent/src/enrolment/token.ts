import { MusterError } from "@muster/core";
import { z } from "zod";

const prefix = "muster1.";
const tokenSchema = z.object({
  server: z.string().regex(/^.+:\d+$/),
  fingerprint: z.string().regex(/^[0-9a-f]{64}$/i),
  secret: z.string().min(1),
  host: z.string().min(1),
});

export type EnrolmentToken = z.infer<typeof tokenSchema>;

/** Reads what `muster token create` printed. Throws `usage` without repeating the token. */
export function parseToken(text: string): EnrolmentToken {
  try {
    if (!text.startsWith(prefix)) throw new Error("wrong prefix");
    return tokenSchema.parse(JSON.parse(Buffer.from(text.slice(prefix.length), "base64url").toString()));
  } catch (cause) {
    throw new MusterError("usage", "this is not an enrolment token", {
      cause,
      hint: 'Copy it whole; it starts with "muster1." and is made with: muster token create --host NAME',
    });
  }
}
