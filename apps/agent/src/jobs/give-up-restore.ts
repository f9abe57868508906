import { asMusterError, deadline, MusterError } from "@muster/core";
import { dropNote, readNote } from "../sources/aside-note.ts";
import type { Source, SourceContext } from "../sources/source.ts";

/** How long what was staged may take to be removed, in milliseconds; less than the job has for its clean-up. */
const removalLimit = 8000;

/**
 * What a restore that did not finish threw, with the truth about what it left in `details.restore`: `untouched` (what stood
 * there stands there, and nothing of the restore is left) or `staged` (the same, but what was staged still takes room). Neither
 * when data may have moved. A restore that was stopped removes what it had staged; a repeat begins anew.
 */
export async function unfinishedRestore(
  source: Source,
  context: SourceContext,
  asideId: string,
  thrown: unknown,
): Promise<MusterError> {
  const error = asMusterError(thrown);
  const left = await readNote(context, asideId);
  if (left !== undefined && left.phase !== "staging") return error;
  if (left === undefined) return withDetail(error, "untouched", error.message);
  if (!context.signal.aborted) return withDetail(error, "staged", error.message);
  const removed = await removeStaged(source, context, asideId);
  if (removed)
    return withDetail(error, "untouched", `${error.message}; nothing was replaced, what was staged is removed`);
  return withDetail(
    error,
    "staged",
    `${error.message}; nothing was replaced, but what was staged could not be removed`,
  );
}

/** A roll back in this phase removes what was staged and nothing else. Its note goes too, so that a repeat is not refused. */
async function removeStaged(source: Source, context: SourceContext, asideId: string): Promise<boolean> {
  const signal = deadline(removalLimit);
  const late = new Promise<never>((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
  try {
    await Promise.race([source.rollBack({ ...context, signal }, asideId), late]);
    await dropNote(context, asideId);
    return true;
  } catch (thrown) {
    context.log.warn({ err: asMusterError(thrown) }, "what a restore had staged could not be removed");
    return false;
  }
}

function withDetail(error: MusterError, restore: "untouched" | "staged", message: string): MusterError {
  const { code, hint, retryable, cause, details } = error;
  return new MusterError(code, message, { hint, retryable, cause, details: { ...details, restore } });
}
