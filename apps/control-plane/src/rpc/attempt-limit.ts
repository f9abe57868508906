import { type Clock, MusterError } from "@muster/core";

/** Lets each address fail so many times a minute. */
const failuresPerMinute = 10;
const minute = 60_000;
/** So many addresses are remembered; beyond, all are forgotten, which only lets them try again. */
const mostAddresses = 10_000;

export interface AttemptLimit {
  /** Throws `rate-limited` when this address has failed too often. */
  check(address: string): void;
  failed(address: string): void;
}

/** Slows down whoever guesses at enrolment tokens. */
export function createAttemptLimit(clock: Clock): AttemptLimit {
  const failures = new Map<string, { count: number; since: number }>();
  const recent = (address: string) => {
    const known = failures.get(address);
    return known !== undefined && clock.now() - known.since < minute ? known : undefined;
  };
  return {
    check(address) {
      if ((recent(address)?.count ?? 0) < failuresPerMinute) return;
      throw new MusterError("rate-limited", `too many failed enrolments from ${address}`);
    },
    failed(address) {
      if (failures.size >= mostAddresses) failures.clear();
      const known = recent(address);
      if (known === undefined) failures.set(address, { count: 1, since: clock.now() });
      else known.count += 1;
    },
  };
}
