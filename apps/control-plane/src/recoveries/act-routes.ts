import { approveSchema, type Role, reasonSchema, recoverySchema, retrySchema, skipStepSchema } from "@muster/protocol";
import { z } from "zod";
import type { Actor, ControlPlane } from "../context.ts";
import type { App } from "../http/app-types.ts";
import { acceptRecovery } from "./accept.ts";
import { approveRecovery } from "./approve.ts";
import { cancelRecovery } from "./cancel.ts";
import { pauseRecovery } from "./pause.ts";
import { resumeRecovery } from "./resume.ts";
import { retryRecovery } from "./retry.ts";
import { rollBackRecovery } from "./roll-back.ts";
import { viewOf } from "./routes.ts";
import { skipStep } from "./skip-step.ts";

interface ActRequest<Body> {
  readonly id: string;
  readonly body: Body;
  readonly caller: { readonly name: string; readonly role: Role };
  readonly by: Actor;
}

interface ActRoute<Body extends z.ZodType> {
  readonly verb: string;
  readonly role: Role;
  readonly body: Body;
  act(cp: ControlPlane, request: ActRequest<z.output<Body>>): Promise<void>;
}

const nothing = z.strictObject({}).nullish();
const reason = reasonSchema.nullish();

/** What can be done with a recovery: `POST /api/v1/recoveries/:id/VERB` answers with how it stands afterwards. */
export function recoveryActRoutes(app: App, cp: ControlPlane): void {
  const add = <Body extends z.ZodType>({ verb, role, body, act }: ActRoute<Body>): void => {
    app.post(
      `/api/v1/recoveries/:id/${verb}`,
      {
        config: { role },
        schema: { tags: ["recoveries"], params: z.object({ id: z.string() }), body, response: { 202: recoverySchema } },
      },
      async (request, reply) => {
        const { id } = request.params;
        const { caller } = request;
        const checked = request.body as z.output<Body>; // the schema of this route has parsed it
        await act(cp, { id, body: checked, caller, by: `user:${caller.name}` });
        return reply.code(202).send(await viewOf(cp, id));
      },
    );
  };

  add({
    verb: "approve",
    role: "approver",
    body: approveSchema,
    act: (to, { id, body, by }) => approveRecovery(to, id, body.hash, by),
  });
  add({ verb: "pause", role: "operator", body: nothing, act: (to, { id, by }) => pauseRecovery(to, id, by) });
  add({ verb: "resume", role: "operator", body: nothing, act: (to, { id, by }) => resumeRecovery(to, id, by) });
  add({
    verb: "cancel",
    role: "operator",
    body: reason,
    act: (to, { id, body, by }) => cancelRecovery(to, id, by, body?.reason),
  });
  add({
    verb: "retry",
    role: "operator",
    body: retrySchema,
    act: (to, { id, body, by }) => retryRecovery(to, id, body.step, by),
  });
  add({
    verb: "skip",
    role: "operator",
    body: skipStepSchema,
    act: (to, { id, body, caller }) => skipStep(to, id, body, caller),
  });
  add({ verb: "accept", role: "operator", body: nothing, act: (to, { id, by }) => acceptRecovery(to, id, by) });
  add({ verb: "roll-back", role: "operator", body: nothing, act: (to, { id, by }) => rollBackRecovery(to, id, by) });
}
