import { MusterError, parseDuration } from "@muster/core";

/** How long the store itself refuses to delete or change what is written (S3 Object Lock). */
export interface ObjectLock {
  readonly mode: "GOVERNANCE" | "COMPLIANCE";
  /** Milliseconds from the write of each object. */
  readonly keep: number;
}

/** What a host adds to an address for itself: names of its own files, never secrets. */
export interface LocalSettings {
  /** A shared credentials file as the AWS tools have it; without it the environment and the default chain. */
  readonly credentialsFile?: string | undefined;
  /** The section of that file; `default` without it. */
  readonly profile?: string | undefined;
  /** PEM file with the authority of the server's certificate. */
  readonly caFile?: string | undefined;
}

export interface S3Location extends LocalSettings {
  readonly bucket: string;
  /** Empty, or ends with a slash. */
  readonly prefix: string;
  readonly region?: string | undefined;
  readonly endpoint?: string | undefined;
  readonly pathStyle: boolean;
  readonly lock?: ObjectLock | undefined;
  /** False: the operator accepts a server without conditional writes. */
  readonly conditionalWrites: boolean;
}

const shared = ["region", "endpoint", "path-style", "lock", "conditional-writes"] as const;
const local = ["credentials-file", "profile", "ca-file"] as const;
type Parameter = (typeof shared)[number] | (typeof local)[number];

const bucketName = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;
const prefixPart = /^[A-Za-z0-9_%+=@~,-][A-Za-z0-9._%+=@~,-]*$/;

export function isS3Address(address: string): boolean {
  return /^s3:/i.test(address);
}

/**
 * Parses `s3://bucket/prefix?region=…&endpoint=…&path-style=…&lock=compliance:30d&conditional-writes=off`, and the
 * parameters of this host, `credentials-file`, `profile` and `ca-file`; `own` wins over these. Throws `usage`, and never
 * repeats the address, because somebody may have put a secret into it.
 */
export function parseS3Location(address: string, own: LocalSettings = {}): S3Location {
  const url = parseAddress(address);
  const value = parameters(url);
  const endpoint = parseEndpoint(value("endpoint"));
  return {
    bucket: url.hostname,
    prefix: parsePrefix(url.pathname),
    region: value("region"),
    endpoint,
    pathStyle: parseSwitch("path-style", value("path-style"), ["true", "false"]) ?? endpoint !== undefined,
    lock: parseLock(value("lock")),
    conditionalWrites: parseSwitch("conditional-writes", value("conditional-writes"), ["on", "off"]) ?? true,
    credentialsFile: own.credentialsFile ?? value("credentials-file"),
    profile: own.profile ?? value("profile"),
    caFile: own.caFile ?? value("ca-file"),
  };
}

/** The address without what only holds on this host; others add their own. Addresses that are not S3 stay as they are. */
export function sharedAddress(address: string): string {
  if (!isS3Address(address)) return address;
  const url = parseAddress(address);
  for (const name of local) url.searchParams.delete(name);
  return url.href;
}

function parseAddress(address: string): URL {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (url?.protocol !== "s3:" || !bucketName.test(url.hostname) || url.port !== "") {
    throw wrong("it has no bucket of lower-case letters, digits, hyphens and dots");
  }
  // A URL resolves these without a word.
  if (/\/(\.|%2e){1,2}(\/|$)/i.test(address.replace(/[?#].*$/s, ""))) throw wrong("its prefix is not a plain path");
  if (url.username !== "" || url.password !== "") {
    throw new MusterError("usage", "the S3 address has a user or password in it", {
      hint: "Put credentials into the environment or a file (credentials-file), and change those that were written there.",
    });
  }
  return url;
}

function parameters(url: URL): (name: Parameter) => string | undefined {
  const known: readonly string[] = [...shared, ...local];
  for (const name of url.searchParams.keys()) {
    if (!known.includes(name)) throw wrong(`${JSON.stringify(name)} is no parameter of it; known: ${known.join(", ")}`);
  }
  return (name) => url.searchParams.get(name) || undefined;
}

function parsePrefix(path: string): string {
  const trimmed = path.replace(/^\/|\/$/g, "");
  if (trimmed === "") return "";
  if (!trimmed.split("/").every((part) => prefixPart.test(part))) throw wrong("its prefix is not a plain path");
  return `${trimmed}/`;
}

function parseEndpoint(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const plain = url !== undefined && url.username === "" && url.password === "" && url.search === "";
  if (plain && /^https?:$/.test(url.protocol)) return url.href.replace(/\/$/, "");
  throw wrong("endpoint must be like https://s3.example.com or https://10.0.0.5:8333");
}

function parseSwitch(name: Parameter, text: string | undefined, [yes, no]: [string, string]): boolean | undefined {
  if (text === undefined) return undefined;
  if (text === yes || text === no) return text === yes;
  throw wrong(`${name} must be ${yes} or ${no}`);
}

function parseLock(text: string | undefined): ObjectLock | undefined {
  if (text === undefined) return undefined;
  const [mode = "", keep = ""] = text.split(":");
  const upper = mode.toUpperCase();
  if (upper !== "GOVERNANCE" && upper !== "COMPLIANCE")
    throw wrong("lock must be like compliance:30d or governance:14d");
  return { mode: upper, keep: parseDuration(keep) };
}

function wrong(what: string): MusterError {
  return new MusterError("usage", `the S3 address cannot be used: ${what}`, {
    hint: "Write it like s3://bucket/prefix?region=eu-central-1 or s3://bucket?endpoint=https://s3.example.com",
  });
}
