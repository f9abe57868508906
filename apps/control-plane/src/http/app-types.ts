import type { IncomingMessage, ServerResponse } from "node:http";
import type { Role } from "@muster/protocol";
import type { FastifyBaseLogger, FastifyInstance, RawServerDefault } from "fastify";
import type { ZodTypeProvider } from "fastify-type-provider-zod";

/** The HTTP application: routes validate and document themselves with zod schemas. */
export type App = FastifyInstance<
  RawServerDefault,
  IncomingMessage,
  ServerResponse,
  FastifyBaseLogger,
  ZodTypeProvider
>;

declare module "fastify" {
  interface FastifyContextConfig {
    /** The least role that may call the route; routes without one are public. */
    role?: Role;
    /** False: `Idempotency-Key` is not honoured, because the answer holds a secret that must not be stored. */
    idempotent?: boolean;
  }
  interface FastifyRequest {
    /** Who calls; set on every route with a role. */
    caller: { readonly name: string; readonly role: Role };
  }
}
