import { formatSize } from "@muster/core";
import type { Style } from "./style.ts";

export interface Progress {
  readonly done: number;
  /** 0: not known. */
  readonly total: number;
  readonly unit: string;
  readonly note?: string | undefined;
}

const cells = 16;

/** `██████░░░░  61%  1.20 GB of 1.97 GB  restoring database orders`; without a total only what is done. */
export function progressText(progress: Progress | undefined, style: Style): string {
  if (progress === undefined) return "";
  const { done, total, unit, note } = progress;
  const words = note === undefined || note === "" ? "" : `  ${style.dim(note)}`;
  if (total <= 0) return `${unit === "bytes" ? formatSize(done) : `${done} ${unit}`}${words}`;
  const share = Math.min(1, done / total);
  const percent = `${Math.floor(share * 100)}%`.padStart(4);
  const of = unit === "bytes" ? `${formatSize(done)} of ${formatSize(total)}` : `${done} of ${total} ${unit}`;
  return `${bar(share, style)} ${percent}  ${of}${words}`;
}

/** A bar for a share from 0 to 1. */
export function bar(share: number, style: Style, width = cells): string {
  const full = Math.round(Math.max(0, Math.min(1, share)) * width);
  return style.accent("█".repeat(full)) + style.dim("░".repeat(width - full));
}
