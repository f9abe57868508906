import type { Server } from "@grpc/grpc-js";
import { asMusterError } from "@muster/core";
import { addService, CertificateService, EnrolmentService, SessionService } from "@muster/protocol/grpc";
import type { ControlPlane } from "../context.ts";
import { confirmCertificate, knownAgent, renewCertificate } from "../hosts/certificates.ts";
import { enrolHost } from "../hosts/enrol.ts";
import { holdSession, type SessionContext } from "../hosts/session.ts";
import { createAttemptLimit } from "./attempt-limit.ts";

/** What a host without a certificate may call. */
export function addEnrolmentService(server: Server, cp: ControlPlane): void {
  const limit = createAttemptLimit(cp.clock);
  addService(server, EnrolmentService, {
    async enrol(request, { peer }) {
      const address = peer.replace(/:\d+$/, "");
      limit.check(address);
      try {
        return await enrolHost(cp, request);
      } catch (thrown) {
        limit.failed(address);
        cp.log.warn({ peer, code: asMusterError(thrown).code }, "an enrolment was refused");
        throw thrown;
      }
    },
  });
}

/** What an agent with a live certificate may call. */
export function addAgentServices(server: Server, context: SessionContext): void {
  const { cp } = context;
  addService(server, CertificateService, {
    renew: async (request, { certificate }) =>
      renewCertificate(cp, await knownAgent(cp, certificate), request.signingRequest),
  });
  addService(server, SessionService, {
    async *session(requests, { certificate, signal }) {
      const agent = await knownAgent(cp, certificate);
      await confirmCertificate(cp, agent);
      const recheck = async (): Promise<void> => void (await knownAgent(cp, certificate));
      yield* holdSession(context, { host: agent.host.name, requests, signal, recheck });
    },
  });
}
