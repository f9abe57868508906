import { MusterError } from "@muster/core";
import { roles } from "@muster/protocol";
import { findCaller } from "../access/callers.ts";
import type { ControlPlane } from "../context.ts";
import type { App } from "./app-types.ts";

/** Lets a request through to a route with `config.role` only with a live token of that role or a higher one. */
export function authenticate(app: App, cp: ControlPlane): void {
  app.addHook("onRequest", async (request) => {
    const needed = request.routeOptions.config.role;
    if (needed === undefined) return;
    request.caller = await findCaller(cp.db, cp.clock.now(), bearer(request.headers.authorization));
    if (roles.indexOf(request.caller.role) < roles.indexOf(needed)) {
      throw new MusterError("forbidden", `this needs the role ${needed}; the token has ${request.caller.role}`);
    }
  });
}

function bearer(header: string | undefined): string {
  if (header === undefined) throw new MusterError("unauthenticated", "the request has no Authorization header");
  const token = /^Bearer +(\S+)$/i.exec(header)?.[1];
  if (token === undefined) throw new MusterError("unauthenticated", "the Authorization header is not a bearer token");
  return token;
}
