import type { SourceContext } from "../sources/source.ts";

/** Progress is told about four times a second, in milliseconds. */
const interval = 250;

/** Passes the first report, then the latest at most once per interval; a change of the note passes at once. */
export function throttledProgress(tell: SourceContext["progress"]): SourceContext["progress"] {
  let last = Number.NEGATIVE_INFINITY;
  let lastNote = "";
  return (done, total, unit, note) => {
    const now = performance.now();
    const finished = total > 0 && done >= total;
    if (now - last < interval && note === lastNote && !finished) return;
    last = now;
    lastNote = note;
    tell(done, total, unit, note);
  };
}
