/** A record that recovery can stop at (xact.h, pg_control.h, xlogrecord.h). */
export type TargetRecord =
  | {
      readonly kind: "commit" | "abort";
      readonly xid: number;
      /** Milliseconds since the Unix epoch, with the server's microseconds as a fraction. */
      readonly time: number;
    }
  | { readonly kind: "restore-point"; readonly name: string; readonly time: number };

/** Bytes of a record's fixed header. */
export const recordHeader = 24;
/** Bytes of a record, its header included, that tell all that `TargetRecord` has. */
export const tellingBytes = recordHeader + 96;

const transactionManager = 1;
const xlogManager = 0;
const restorePoint = 0x70;
const ends = new Map<number, "commit" | "abort">([
  [0x00, "commit"],
  [0x20, "abort"],
  [0x30, "commit"], // of a prepared transaction
  [0x40, "abort"],
]);

/** Whether the record that begins with this header is one that recovery can stop at. */
export function isTarget(header: Buffer): boolean {
  const info = header.readUInt8(16);
  const manager = header.readUInt8(17);
  if (manager === xlogManager) return (info & 0xf0) === restorePoint;
  return manager === transactionManager && ends.has(info & 0x70);
}

/** Reads such a record from its first bytes; undefined when it is not built as expected. */
export function readTarget(bytes: Buffer): TargetRecord | undefined {
  const data = mainData(bytes);
  if (data === undefined || data.length < 8) return undefined;
  const time = fromServerTime(data.readBigInt64LE(0));
  if (bytes.readUInt8(17) === xlogManager) {
    const name = data.subarray(8, 72);
    const end = name.indexOf(0);
    return { kind: "restore-point", name: name.subarray(0, end < 0 ? name.length : end).toString("utf8"), time };
  }
  const kind = ends.get(bytes.readUInt8(16) & 0x70);
  return kind === undefined ? undefined : { kind, xid: bytes.readUInt32LE(4), time };
}

/** What follows the headers; these records refer to no blocks. */
function mainData(bytes: Buffer): Buffer | undefined {
  const headerLengths = new Map([
    [252, 5], // the top-level transaction
    [253, 3], // the replication origin
  ]);
  for (let at = recordHeader; at < bytes.length; ) {
    const id = bytes.readUInt8(at);
    if (id === 255) return bytes.subarray(at + 2);
    if (id === 254) return bytes.subarray(at + 5);
    const length = headerLengths.get(id);
    if (length === undefined) return undefined;
    at += length;
  }
  return undefined;
}

/** PostgreSQL counts microseconds from 2000-01-01. */
function fromServerTime(microseconds: bigint): number {
  return Date.UTC(2000, 0, 1) + Number(microseconds) / 1000;
}
