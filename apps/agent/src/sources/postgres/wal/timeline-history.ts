import { MusterError } from "@muster/core";
import { parseLsn } from "./lsn.ts";

/** One timeline of a server's past, and the position where the next one branched off; no end for the last. */
export interface TimelineSpan {
  readonly timeline: number;
  readonly end: bigint | undefined;
}

/**
 * Reads a timeline's history file: a line for each ancestor with its number and the position where it was left (timeline.c,
 * readTimeLineHistory). The timeline itself is added last. Throws `source-failed` for a file that makes no sense.
 */
export function parseHistory(timeline: number, content: string): TimelineSpan[] {
  const spans: TimelineSpan[] = [];
  for (const line of content.split("\n")) {
    const text = line.replace(/#.*/, "").trim();
    if (text === "") continue;
    const [, number, lsn] = /^(\d+)\s+([0-9A-Fa-f]+\/[0-9A-Fa-f]+)/.exec(text) ?? [];
    if (number === undefined || lsn === undefined) throw senseless(timeline, line);
    const span = { timeline: Number(number), end: parseLsn(lsn) };
    const last = spans.at(-1);
    if (span.timeline >= timeline || (last !== undefined && span.timeline <= last.timeline))
      throw senseless(timeline, line);
    spans.push(span);
  }
  return [...spans, { timeline, end: undefined }];
}

function senseless(timeline: number, line: string): MusterError {
  return new MusterError("source-failed", `the history of timeline ${timeline} has the line ${JSON.stringify(line)}`);
}
