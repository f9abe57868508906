import { create } from "@bufbuild/protobuf";
import { type Duration, DurationSchema } from "@bufbuild/protobuf/wkt";

export function durationFromMs(milliseconds: number): Duration {
  const seconds = Math.floor(milliseconds / 1000);
  return create(DurationSchema, { seconds: BigInt(seconds), nanos: Math.round((milliseconds - seconds * 1000) * 1e6) });
}

/** Milliseconds; 0 when the field was not sent. */
export function durationMs(duration: Duration | undefined): number {
  return duration === undefined ? 0 : Number(duration.seconds) * 1000 + duration.nanos / 1e6;
}
