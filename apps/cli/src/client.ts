import { deadline, fromErrorValue, MusterError, newId } from "@muster/core";
import { problemSchema } from "@muster/protocol";
import type { Connection } from "./connection.ts";
import { readEvents, type ServerEvent } from "./event-stream.ts";

/** What gives an answer its type: any schema of @muster/protocol. */
export interface Schema<T> {
  parse(value: unknown): T;
}

type Query = Readonly<Record<string, string | number | boolean | undefined>>;

/** The REST API of one control plane. Every call throws the error that the problem document names, or `server-unavailable`. */
export interface Client {
  readonly server: string;
  get<T>(path: string, schema: Schema<T>, query?: Query): Promise<T>;
  /** Carries an `Idempotency-Key`; `timeout` in milliseconds. */
  post<T>(path: string, schema: Schema<T>, body?: unknown, options?: { query?: Query; timeout?: number }): Promise<T>;
  remove(path: string): Promise<void>;
  /** Server-sent events from one connection; ends when the server ends it. */
  events(path: string, options: { lastId?: string | undefined; signal: AbortSignal }): AsyncIterable<ServerEvent>;
}

/** An answer is waited for this long, in milliseconds. */
const patience = 70_000;

export function createClient({ server, token }: Connection, signal: AbortSignal): Client {
  const call = async (method: string, path: string, options: CallOptions = {}): Promise<Response> => {
    const headers = {
      accept: options.accept ?? "application/json",
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(method === "POST" ? { "content-type": "application/json", "idempotency-key": newId() } : {}),
      ...options.headers,
    };
    const body = method === "POST" ? { body: JSON.stringify(options.body ?? {}) } : {};
    const url = `${server}${path}${queryText(options.query)}`;
    const response = await fetch(url, { method, headers, ...body, signal: options.signal }).catch((cause: unknown) => {
      throw unreachable(server, cause, options.signal ?? signal);
    });
    if (!response.ok) throw await problemError(response, server);
    return response;
  };
  const patient = (timeout = patience): { signal: AbortSignal } => ({ signal: deadline(timeout, signal) });

  return {
    server,
    get: async (path, schema, query) => parse(schema, await call("GET", path, { ...patient(), query }), server),
    post: async (path, schema, body, { query, timeout } = {}) =>
      parse(schema, await call("POST", path, { ...patient(timeout), body, query }), server),
    remove: async (path) => void (await call("DELETE", path, patient())),
    async *events(path, { lastId, signal: until }) {
      const headers: Record<string, string> = lastId === undefined ? {} : { "last-event-id": lastId };
      const response = await call("GET", path, { accept: "text/event-stream", headers, signal: until });
      try {
        if (response.body !== null) yield* readEvents(response.body);
      } catch (cause) {
        throw unreachable(server, cause, until);
      }
    },
  };
}

interface CallOptions {
  readonly signal?: AbortSignal;
  readonly body?: unknown;
  readonly query?: Query | undefined;
  readonly accept?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

function queryText(query: Query = {}): string {
  const given = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== undefined) given.set(name, String(value));
  return given.size === 0 ? "" : `?${given}`;
}

async function parse<T>(schema: Schema<T>, response: Response, server: string): Promise<T> {
  try {
    return schema.parse(await response.json());
  } catch (cause) {
    throw new MusterError("internal", `${server} gave an answer that this version of muster does not understand`, {
      cause,
      hint: "Use the muster command of the control plane's version.",
    });
  }
}

function unreachable(server: string, cause: unknown, signal: AbortSignal): MusterError {
  if (signal.aborted && signal.reason instanceof MusterError) return signal.reason;
  if (signal.aborted) return new MusterError("timeout", `${server} did not answer in time`, { cause });
  const reason = cause instanceof Error && cause.cause instanceof Error ? cause.cause.message : String(cause);
  if (server.startsWith("https:") && /wrong version number|packet length too long|SSL routines|EPROTO/i.test(reason)) {
    return new MusterError("server-unavailable", `the control plane at ${server} does not speak TLS`, {
      cause,
      hint: `Use ${server.replace("https:", "http:")}, or give the control plane a certificate: http.tls in control-plane.yaml.`,
    });
  }
  const untrusted = server.startsWith("https:") && /certificate|self-signed|issuer/i.test(reason);
  return new MusterError("server-unavailable", `the control plane at ${server} does not answer: ${reason}`, {
    cause,
    ...(untrusted
      ? { hint: "Name the authority that has signed its certificate with --ca-file or MUSTER_CA_FILE." }
      : {}),
  });
}

async function problemError(response: Response, server: string): Promise<MusterError> {
  const parsed = problemSchema.safeParse(await response.json().catch(() => undefined));
  if (parsed.success) return fromErrorValue({ ...parsed.data, message: parsed.data.detail });
  return new MusterError("internal", `${server} answered with status ${response.status}, and not as Muster does`, {
    hint: "Is this the address of a Muster control plane?",
  });
}
