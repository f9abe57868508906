import { type Clock, errorValue } from "@muster/core";
import { formatLsn } from "../lsn.ts";
import { type ExposureMeter, exposureMeter } from "./exposure.ts";
import type { SlotState } from "./server.ts";
import type { WalGap, WalState, WalStatus } from "./status.ts";

/** Where the parts of the protection write down what they measure. */
export interface StatusBoard {
  readonly meter: ExposureMeter;
  readonly state: WalState;
  set(state: WalState, error?: unknown): void;
  server(systemIdentifier: string, timeline: number): void;
  flushed(time: number, position: bigint): void;
  durable(position: bigint): void;
  commit(time: number): void;
  slot(name: string, slot: SlotState | undefined): void;
  headroom(bytes: number | undefined): void;
  gap(gap: WalGap): void;
  read(): WalStatus;
}

export function statusBoard(clock: Clock): StatusBoard {
  const meter = exposureMeter();
  let told: { state: WalState; error?: WalStatus["error"] } = { state: "starting" };
  let identity: Pick<WalStatus, "systemIdentifier" | "timeline"> = {};
  let flushed: bigint | undefined;
  let durable: bigint | undefined;
  let lastCommit: number | undefined;
  let slot: WalStatus["slot"];
  let headroomBytes: number | undefined;
  const gaps: WalGap[] = [];
  return {
    meter,
    get state() {
      return told.state;
    },
    set(state, error) {
      told = error === undefined ? { state } : { state, error: errorValue(error) };
    },
    server(systemIdentifier, timeline) {
      identity = { systemIdentifier, timeline };
    },
    flushed(time, position) {
      flushed = position;
      meter.sample(time, position);
    },
    durable(position) {
      durable = position;
      meter.durable(position);
    },
    commit(time) {
      lastCommit = Math.max(lastCommit ?? time, time);
    },
    headroom(bytes) {
      headroomBytes = bytes;
    },
    slot(name, found) {
      const kept =
        flushed === undefined || found?.restartLsn === undefined ? undefined : Number(flushed - found.restartLsn);
      slot = { name, state: found?.walStatus ?? "missing", keptBytes: kept, safeBytes: found?.safeBytes };
    },
    gap: (gap) => void gaps.push(gap),
    read() {
      const now = clock.now();
      const lagBytes =
        flushed === undefined || durable === undefined ? undefined : Math.max(0, Number(flushed - durable));
      return {
        ...told,
        ...identity,
        flushed: flushed === undefined ? undefined : formatLsn(flushed),
        durable: durable === undefined ? undefined : formatLsn(durable),
        lagBytes,
        protectedUntil: meter.protectedUntil(),
        exposureMs: meter.exposure(now),
        lastCommit,
        ...(slot === undefined ? {} : { slot }),
        headroomBytes,
        gaps: [...gaps],
        measuredAt: now,
      };
    },
  };
}
