import { type Copy, timestampMs } from "@muster/protocol/grpc";
import { copyPoints } from "@muster/repository";
import type { SourceContext } from "../sources/source.ts";
import { failureMessage, type Outcome } from "../work/failure.ts";
import { accessOf, granted, type OwnAccess, storeOf } from "./grant.ts";

/** Copies points from one repository into a copy of it; the data goes through this host only. */
export async function copy(
  { signal, clock, progress }: Pick<SourceContext, "signal" | "clock" | "progress">,
  work: Copy,
  own: OwnAccess & { readonly host: string },
): Promise<Outcome> {
  const [from, to] = [granted(work.from), granted(work.to)];
  const report = await copyPoints(await storeOf(from, own), await storeOf(to, own), accessOf(from), {
    holder: `${own.host} ${from.repository} to ${to.repository}`,
    points: work.points,
    bytesPerSecond: work.bytesPerSecond === 0n ? undefined : Number(work.bytesPerSecond),
    until: work.until === undefined ? undefined : timestampMs(work.until),
    clock,
    signal,
    onProgress: ({ bytes, bytesTotal, points, pointsTotal }) =>
      progress(bytes, bytesTotal, "bytes", `copying to ${to.repository}: ${points} of ${pointsTotal} points`),
  });
  return {
    case: "copied",
    value: {
      present: [...report.present],
      failed: report.failed.map(({ point, error }) => ({ pointId: point, error: failureMessage(error) })),
      left: report.left.length,
      packs: report.packs,
      bytes: BigInt(report.bytes),
    },
  };
}
