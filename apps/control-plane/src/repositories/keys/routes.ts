import { keyAddedSchema, keyAddSchema, keyRotateSchema, repositoryKeySchema, rotatedSchema } from "@muster/protocol";
import type { KeyHolder } from "@muster/repository";
import { z } from "zod";
import type { ControlPlane } from "../../context.ts";
import type { App } from "../../http/app-types.ts";
import { addRepositoryKey, listRepositoryKeys, removeRepositoryKey } from "./change.ts";
import { rotateOwnKey } from "./rotate.ts";

const tags = ["repositories"];
const params = z.object({ name: z.string() });
const path = "/api/v1/repositories/:name/keys";
/** Answers and bodies with secrets are not to be stored. */
const admin = { role: "admin", idempotent: false } as const;

/** The ways into a repository: list, add, remove, rotate the control plane's own. */
export function keyRoutes(app: App, cp: ControlPlane): void {
  app.get(
    path,
    {
      config: { role: "operator" },
      schema: { tags, params, response: { 200: z.object({ items: z.array(repositoryKeySchema) }) } },
    },
    async ({ params: { name } }) => {
      const keys = await listRepositoryKeys(cp, name);
      return { items: keys.map(({ addedAt, ...key }) => ({ ...key, addedAt: new Date(addedAt).toISOString() })) };
    },
  );

  app.post(
    path,
    { config: admin, schema: { tags, params, body: keyAddSchema, response: { 201: keyAddedSchema } } },
    async ({ params: { name }, body: { label, ...holder }, caller }, reply) => {
      // The schema has seen to it that there is exactly one.
      const request = { repository: name, holder: holder as KeyHolder, label };
      return reply.code(201).send({ id: await addRepositoryKey(cp, request, `user:${caller.name}`) });
    },
  );

  app.delete(
    `${path}/:id`,
    {
      config: { role: "admin" },
      schema: { tags, params: params.extend({ id: z.string() }), response: { 204: z.null() } },
    },
    async ({ params: { name, id }, caller }, reply) => {
      await removeRepositoryKey(cp, name, id, `user:${caller.name}`);
      return reply.code(204).send(null);
    },
  );

  app.post(
    `${path}/rotate`,
    { config: admin, schema: { tags, params, body: keyRotateSchema, response: { 200: rotatedSchema } } },
    ({ params: { name }, body: { keepOld }, caller }) =>
      rotateOwnKey(cp, { repository: name, keepOld }, `user:${caller.name}`),
  );
}
