import { errorRegistry, isErrorCode, MusterError } from "@muster/core";
import { z } from "zod";
import type { App } from "./app-types.ts";
import { problemOf } from "./problem.ts";

/** Answers every error as a problem document, and describes each error code at `/errors/CODE`. */
export function answerErrors(app: App): void {
  app.setErrorHandler((thrown, request, reply) => {
    const problem = problemOf(thrown);
    if (problem.status >= 500) request.log.error({ err: thrown, url: request.url }, "a request failed");
    if (problem.status === 401) reply.header("www-authenticate", "Bearer");
    return reply.code(problem.status).type("application/problem+json").send(problem);
  });

  app.setNotFoundHandler((request, reply) => {
    const problem = problemOf(
      new MusterError("not-found", `there is no ${request.method} ${request.url.split("?")[0]}`, {
        hint: "The API is described at /openapi.json.",
      }),
    );
    return reply.code(404).type("application/problem+json").send(problem);
  });

  app.get(
    "/errors/:code",
    {
      schema: {
        tags: ["about"],
        params: z.object({ code: z.string() }),
        response: { 200: z.object({ code: z.string(), summary: z.string(), hint: z.string() }) },
      },
    },
    async ({ params: { code } }) => {
      if (!isErrorCode(code)) throw new MusterError("not-found", `there is no error code "${code}"`);
      const { summary, hint } = errorRegistry[code];
      return { code, summary, hint };
    },
  );
}
