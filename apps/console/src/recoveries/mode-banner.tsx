import type { ApiRecoveryPreview } from "@muster/protocol";

/** Says at the top of everything whether this is the real thing. */
export function ModeBanner({ mode }: Pick<ApiRecoveryPreview, "mode">) {
  return mode === "real" ? (
    <p className="mode real">
      <strong>REAL</strong> This replaces live data on the hosts named below. What stood there is kept aside.
    </p>
  ) : (
    <p className="mode drill">
      <strong>DRILL</strong> Into isolated targets: live data is not touched.
    </p>
  );
}
