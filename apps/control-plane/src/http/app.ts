import rateLimit from "@fastify/rate-limit";
import { type FastifyBaseLogger, fastify, LogController } from "fastify";
import { serializerCompiler, validatorCompiler, type ZodTypeProvider } from "fastify-type-provider-zod";
import type { ControlPlane } from "../context.ts";
import type { App } from "./app-types.ts";
import { authenticate } from "./authenticate.ts";
import { builtConsole, serveConsole } from "./console.ts";
import { answerErrors } from "./errors.ts";
import { honourIdempotencyKeys } from "./idempotency.ts";
import { describeApi } from "./openapi.ts";
import { routes } from "./routes.ts";
import { secure } from "./security.ts";

/** Plans may be large; nothing else is. */
const bodyLimit = 16 * 1024 * 1024;
/** Requests per minute from one address. */
const requestsPerMinute = 3000;

/** The HTTP application, ready to listen or to be injected into. */
export async function buildApp(cp: ControlPlane): Promise<App> {
  const { tls } = cp.config.http;
  const options = {
    bodyLimit,
    loggerInstance: cp.log as FastifyBaseLogger, // pino's own type says more than Fastify asks for
    logController: new LogController({ disableRequestLogging: true }),
    forceCloseConnections: true,
    requestTimeout: 60_000,
    ...(tls === undefined ? {} : { https: { cert: tls.cert, key: tls.key } }),
  };
  const app: App = fastify(options).withTypeProvider<ZodTypeProvider>();
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  addHooks(app, cp);
  await app.register(rateLimit, { max: requestsPerMinute, timeWindow: 60_000 });
  await describeApi(app);
  answerErrors(app);
  await serveConsole(app, builtConsole());
  for (const register of routes) register(app, cp);
  await app.ready();
  return app;
}

/** Hooks run in this order on every route. */
function addHooks(app: App, cp: ControlPlane): void {
  secure(app);
  authenticate(app, cp);
  honourIdempotencyKeys(app, cp);
}
