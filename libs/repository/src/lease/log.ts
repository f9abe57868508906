import { MusterError } from "@muster/core";
import type { DomainContext } from "../context.ts";
import { type LeaseRecord, leaseFolder, readRecord, recordName, sealRecord } from "./record.ts";

/** The holder's end of a lease's log. */
export interface LeaseLog {
  /**
   * Makes the next record. Throws `lease-lost` when somebody else has made it. Of an append that failed otherwise it is not
   * known whether it was done; the next one finds that out first.
   */
  append(record: LeaseRecord): Promise<void>;
}

export function leaseLog(domain: DomainContext, id: string): LeaseLog {
  let next = 0;
  let doubtful: Buffer | undefined;
  const make = async (sealed: Buffer): Promise<void> => {
    doubtful = sealed;
    try {
      await domain.store.put(leaseFolder(domain) + recordName(id, next), sealed);
    } catch (thrown) {
      if (!(thrown instanceof MusterError) || thrown.code !== "object-exists") throw thrown;
      const found = await readRecord(domain, id, next);
      if (found === undefined || !sealed.equals(found.sealed)) throw leaseLost(domain, thrown);
    }
    doubtful = undefined;
    next += 1;
  };
  return {
    async append(record) {
      if (doubtful !== undefined) await make(doubtful);
      await make(await sealRecord(domain, id, next, record));
    },
  };
}

export function leaseLost(domain: DomainContext, cause?: unknown): MusterError {
  const message = `the lease in domain ${domain.name} was ended by a sweep: nothing may be committed under it`;
  return new MusterError("lease-lost", message, { cause });
}
