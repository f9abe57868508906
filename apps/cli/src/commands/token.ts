import { MusterError, parseDuration } from "@muster/core";
import { enrolmentTokenSchema, roleSchema, roles, tokenCreatedSchema, tokenSchema } from "@muster/protocol";
import { type Command, Option } from "commander";
import type { Cli } from "../cli.ts";
import { itemsOf } from "../pages.ts";
import { table } from "../render/table.ts";
import { moment } from "../render/time.ts";

interface CreateOptions {
  readonly host?: string;
  readonly api?: string;
  readonly role?: string;
  readonly expires?: string;
}

/** `muster token`: for hosts that enrol, and for people and programs that call the API. */
export function addToken(program: Command, cli: Cli): void {
  const token = program.command("token").description("tokens for hosts and for the API");

  token
    .command("create")
    .description("make a token: --host for an agent's enrolment, --api for a person or program")
    .addOption(new Option("--host <name>", "the host that may enrol with it, once").conflicts(["api", "role"]))
    .option("--api <name>", "who calls the API with it")
    .addOption(new Option("--role <role>", "what it may do").choices([...roles]))
    .option("--expires <duration>", "how long it is valid, such as 30m or 90d")
    .action(async (options: CreateOptions) => {
      if (options.host !== undefined) return createForHost(cli, options.host, secondsOf(options.expires));
      if (options.api !== undefined) return createForApi(cli, options.api, options.role, secondsOf(options.expires));
      throw new MusterError("usage", "for whom is the token?", { hint: "Use --host NAME, or --api NAME --role ROLE." });
    });

  token
    .command("list")
    .description("list API tokens")
    .action(async () => {
      const { items } = await (await cli.client()).get("/api/v1/tokens", itemsOf(tokenSchema));
      const rows = items.map(({ id, name, role, createdAt, expiresAt, revokedAt }) => [
        ...[id, name, role, moment(createdAt)],
        revokedAt !== undefined
          ? `revoked ${moment(revokedAt)}`
          : expiresAt !== undefined
            ? `until ${moment(expiresAt)}`
            : "valid",
      ]);
      cli.print(items, () => table(["ID", "NAME", "ROLE", "CREATED", "STATE"], rows, cli));
    });

  token
    .command("revoke <id>")
    .description("make an API token invalid")
    .action(async (id: string) => {
      await (await cli.client()).remove(`/api/v1/tokens/${encodeURIComponent(id)}`);
      cli.print({ id, revoked: true }, () => `revoked ${id}`);
    });
}

async function createForHost(cli: Cli, host: string, expiresIn: number | undefined): Promise<void> {
  const body = { host, ...(expiresIn === undefined ? {} : { expiresIn }) };
  const created = await (await cli.client()).post("/api/v1/enrolment-tokens", enrolmentTokenSchema, body);
  cli.print(created, () => created.token);
  cli.note(`Run on ${host}, and give it this token: ${created.command}`);
  cli.note(`It works once, until ${moment(created.expiresAt)}.`);
}

async function createForApi(
  cli: Cli,
  name: string,
  role: string | undefined,
  expiresIn: number | undefined,
): Promise<void> {
  if (role === undefined)
    throw new MusterError("usage", "--role is missing", { hint: `Choose one of ${roles.join(", ")}.` });
  const body = { name, role: roleSchema.parse(role), ...(expiresIn === undefined ? {} : { expiresIn }) };
  const created = await (await cli.client()).post("/api/v1/tokens", tokenCreatedSchema, body);
  cli.print(created, () => created.token);
  cli.note(`This is the only time that the token of ${name} (${role}) is shown.`);
}

function secondsOf(text: string | undefined): number | undefined {
  return text === undefined ? undefined : Math.round(parseDuration(text) / 1000);
}
