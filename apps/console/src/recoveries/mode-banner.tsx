import type { ApiRecoveryPreview } from "@muster/protocol";

interface ModeBannerProps extends Pick<ApiRecoveryPreview, "mode"> {
  /** It is over: what it did is done. */
  readonly ended?: boolean;
}

/** Says at the top of everything whether this is the real thing. */
export function ModeBanner({ mode, ended = false }: ModeBannerProps) {
  return mode === "real" ? (
    <p className="mode real">
      <strong>REAL</strong> {ended ? "This was done to live data" : "This replaces live data"} on the hosts named below.
    </p>
  ) : (
    <p className="mode drill">
      <strong>DRILL</strong> Into isolated targets: live data {ended ? "was" : "is"} not touched.
    </p>
  );
}
