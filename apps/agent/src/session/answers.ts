import type { Clock } from "@muster/core";
import { timestampFromMs } from "@muster/protocol/grpc";
import type { Answers } from "../work/dispatcher.ts";
import type { Outbox } from "./outbox.ts";

/** Sends what commands report over the open stream. */
export function streamAnswers(outbox: Outbox, clock: Clock): Answers {
  return {
    started({ commandId, attempt }) {
      outbox.send({ case: "started", value: { commandId, attempt, at: timestampFromMs(clock.now()) } });
    },
    progress({ commandId, attempt }, done, total, unit, note) {
      const value = { commandId, attempt, done: whole(done), total: whole(total), unit, note };
      outbox.send({ case: "progress", value });
    },
    finished(result) {
      outbox.send({ case: "finished", value: result });
    },
  };
}

function whole(amount: number): bigint {
  return BigInt(Math.max(0, Math.round(amount)));
}
