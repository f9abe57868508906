import { MusterError } from "@muster/core";
import type { DomainContext } from "../context.ts";
import { encodeName } from "../encoding/name.ts";
import type { LogRange } from "./types.ts";

const largest = 2n ** 64n - 1n;

/** Where the logs of a source are: `<domain>/logs/<source>/`, below it one folder per identity. */
export function sourceFolder(domain: DomainContext, source: string): string {
  return `${logsFolder(domain)}${encodeName(source)}/`;
}

export function logsFolder(domain: DomainContext): string {
  return `${domain.prefix}logs/`;
}

/** What binds an object of a log to its place: its key behind `<domain>/logs/`. */
export function boundName(source: string, identity: string, rest: string): string {
  return `${encodeName(source)}/${identity}/${rest}`;
}

/** `<timeline>/<start>-<end>` in hex with leading zeros, so that names sort as positions do. Throws `usage`. */
export function rangeName({ timeline, start, end }: LogRange): string {
  if (
    !Number.isInteger(timeline) ||
    timeline < 0 ||
    timeline > 0xffff_ffff ||
    start < 0n ||
    end <= start ||
    end > largest
  ) {
    throw new MusterError("usage", `timeline ${timeline} from ${start} to ${end} is not a range of a log`);
  }
  return `${hex(timeline, 8)}/${hex(start, 16)}-${hex(end, 16)}`;
}

/** The range that a name tells; undefined for another name. */
export function parseRangeName(name: string): LogRange | undefined {
  const [, timeline, start, end] = /^([0-9A-F]{8})\/([0-9A-F]{16})-([0-9A-F]{16})$/.exec(name) ?? [];
  if (timeline === undefined || start === undefined || end === undefined) return undefined;
  const range = { timeline: Number.parseInt(timeline, 16), start: BigInt(`0x${start}`), end: BigInt(`0x${end}`) };
  return range.start < range.end ? range : undefined;
}

const filesFolder = "files/";

/** `files/<name>`. Throws `usage` for what cannot be a file of a log. */
export function fileName(name: string): string {
  if (/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/.test(name)) return filesFolder + name;
  throw new MusterError("usage", `${JSON.stringify(name)} cannot name a file of a log`);
}

export function parseFileName(name: string): string | undefined {
  return name.startsWith(filesFolder) ? name.slice(filesFolder.length) : undefined;
}

/** Throws `usage` unless the text can be an identity: letters, digits, `-`, as a component of a key. */
export function checkIdentity(identity: string): void {
  if (/^[A-Za-z0-9-]{1,64}$/.test(identity)) return;
  throw new MusterError("usage", `${JSON.stringify(identity)} cannot be the identity of a log`);
}

function hex(value: number | bigint, digits: number): string {
  return value.toString(16).toUpperCase().padStart(digits, "0");
}
