import { deadline, MusterError, parseDuration } from "@muster/core";
import type { PointReader, PointWriter } from "@muster/repository";
import { noteToAccept, noteToRollBack, readNote, refuseFinished, writeNote } from "../aside-note.ts";
import { checked, finding, refuseOnErrors } from "../findings.ts";
import { runTool, streamTool } from "../process.ts";
import type { Facts, RestoreFinding, RestoreOutcome, RestoreRequest, Source, SourceContext } from "../source.ts";
import type { CommandConfig } from "./config.ts";

export { type CommandConfig, commandConfigSchema } from "./config.ts";

/** The one entry of a command's recovery point. */
export const streamEntry = "stream";

/** A source that is backed up and restored by programs of the operator's own. */
export function createCommandSource(name: string, config: CommandConfig, secrets: Record<string, string>): Source {
  const tools = toolbox(config, secrets);
  return {
    name,
    type: "command",
    location: config.backup[0] ?? "",
    async inspect({ signal }) {
      return config.inspect === undefined ? {} : parseFacts((await tools.run(config.inspect, signal)).stdout);
    },
    backup: (context, writer) => backup(config, tools, context, writer),
    checkRestore: (context, request) => checkRestore(config, tools, context, request),
    restore: (context, reader, request) => restore(config, tools, context, reader, request),
    async accept(context, asideId) {
      const note = await noteToAccept(context, asideId);
      if (note === undefined) return [];
      if (config.accept !== undefined) await tools.run(config.accept, context.signal, { MUSTER_ASIDE_ID: asideId });
      await writeNote(context, { ...note, phase: "accepted" });
      return config.accept === undefined ? ["no accept command is set: what was moved aside stays"] : ["accepted"];
    },
    async rollBack(context, asideId) {
      const note = await noteToRollBack(context, asideId);
      if (note === undefined) return [];
      if (config.rollBack === undefined) {
        throw new MusterError("no-way-back", `the command source "${name}" has no rollBack command`);
      }
      await tools.run(config.rollBack, context.signal, { MUSTER_ASIDE_ID: asideId });
      await writeNote(context, { ...note, phase: "rolled-back" });
      return ["put back by the source's rollBack command"];
    },
  };
}

type Toolbox = ReturnType<typeof toolbox>;

function toolbox(config: CommandConfig, secrets: Record<string, string>) {
  const passed = config.passEnvironment.flatMap((key) => {
    const value = process.env[key];
    return value === undefined ? [] : [[key, value] as const];
  });
  const secret: Record<string, string> = secrets.secret === undefined ? {} : { MUSTER_SECRET: secrets.secret };
  const base = { ...config.environment, ...Object.fromEntries(passed), ...secret };
  const call = (argv: readonly string[], signal: AbortSignal, env: Record<string, string> = {}) => ({
    argv,
    env: { ...base, ...env },
    signal: deadline(parseDuration(config.timeout), signal),
  });
  return {
    run: (argv: readonly string[], signal: AbortSignal, env?: Record<string, string>) =>
      runTool(call(argv, signal, env)),
    read: (argv: readonly string[], signal: AbortSignal) => streamTool(call(argv, signal)),
    feed: (
      argv: readonly string[],
      signal: AbortSignal,
      env: Record<string, string>,
      input: AsyncIterable<Uint8Array>,
    ) => runTool({ ...call(argv, signal, env), input }),
  };
}

async function backup(config: CommandConfig, tools: Toolbox, context: SourceContext, writer: PointWriter) {
  const takenAt = context.clock.now();
  let bytes = 0;
  const counted = counting(tools.read(config.backup, context.signal), (length) => {
    bytes += length;
    context.progress(bytes, 0, "bytes", "reading");
  });
  const meta = { mode: 0o600, uid: 0, gid: 0, mtimeNs: BigInt(takenAt) * 1_000_000n };
  await writer.addFile(streamEntry, meta, counted);
  if (bytes === 0 && !config.allowEmpty) {
    throw new MusterError("source-failed", `${config.backup[0]} ended well but wrote nothing`, {
      hint: "If an empty backup is right, set allowEmpty: true for this source.",
    });
  }
  return { takenAt, facts: { bytes } };
}

async function checkRestore(
  config: CommandConfig,
  tools: Toolbox,
  context: SourceContext,
  request: RestoreRequest,
): Promise<RestoreFinding[]> {
  const { check } = config;
  const own =
    check === undefined
      ? []
      : await checked(async () => {
          await tools.run(check, context.signal, variables(request));
          return [];
        });
  return [...wayBackFindings(config), ...own];
}

function wayBackFindings(config: CommandConfig): RestoreFinding[] {
  if (config.moveAside !== undefined && config.rollBack !== undefined) return [];
  const message = "the restore command would overwrite what is there: moveAside and rollBack are not both set";
  return [finding(config.irreversible ? "warning" : "error", "no-way-back", message)];
}

async function restore(
  config: CommandConfig,
  tools: Toolbox,
  context: SourceContext,
  reader: PointReader,
  request: RestoreRequest,
): Promise<RestoreOutcome> {
  const { asideId } = request;
  const note = await readNote(context, asideId);
  refuseFinished(note);
  refuseOnErrors(await checkRestore(config, tools, context, request));
  const entry = await reader.entry(streamEntry);
  if (entry === undefined) throw new MusterError("point-missing", `the point has no entry "${streamEntry}"`);

  // From here on the tools act; a repeat runs moveAside (which knows its id) and restore again.
  if (note?.phase !== "restored") await writeNote(context, { asideId, phase: "switching", detail: {} });
  if (config.moveAside !== undefined) await tools.run(config.moveAside, context.signal, variables(request));

  let bytes = 0;
  const input = counting(reader.read(entry, { signal: context.signal }), (length) => {
    bytes += length;
    context.progress(bytes, request.point.logicalBytes, "bytes", "writing");
  });
  await tools.feed(config.restore, context.signal, variables(request), input);
  await writeNote(context, { asideId, phase: "restored", detail: {} });
  return { bytes, items: 1, movedAside: config.moveAside !== undefined, notes: [], facts: {} };
}

function variables({ asideId, point }: RestoreRequest): Record<string, string> {
  return { MUSTER_ASIDE_ID: asideId, MUSTER_TAKEN_AT: new Date(point.takenAt).toISOString() };
}

function parseFacts(text: string): Facts {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Facts; // JSON by its origin
  } catch {
    // Told below: not JSON and not an object are the same mistake.
  }
  throw new MusterError("source-failed", "the inspect command did not print a JSON object");
}

async function* counting(
  chunks: AsyncIterable<Uint8Array>,
  count: (length: number) => void,
): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) {
    count(chunk.length);
    yield chunk;
  }
}
