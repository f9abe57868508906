import type { ReactNode } from "react";
import type { Tone } from "../words.ts";

/** A state in words, with a sign of its own shape, so that it does not depend on colour. */
export function Badge({ tone, children }: { readonly tone: Tone; readonly children: ReactNode }) {
  return <span className={`badge ${tone}`}>{children}</span>;
}
