import { longHeader, readPageHeader, shortHeader } from "./page.ts";
import { isTarget, readTarget, recordHeader, type TargetRecord, tellingBytes } from "./record.ts";

/** A record that recovery can stop at, and where it begins. */
export interface FoundRecord {
  readonly lsn: bigint;
  readonly record: TargetRecord;
}

export interface WalScanner {
  /** Takes the next bytes of the log, in order without a break. */
  feed(bytes: Uint8Array): void;
  /** Where the last record that was seen begins; undefined before the first. */
  readonly lastRecord: bigint | undefined;
}

/**
 * Follows the records of a timeline from the start of a segment on and tells of each that recovery can stop at: ends of
 * transactions and restore points. It walks from header to header and looks into few records, so it costs a fraction of compression.
 */
export function walScanner(
  options: { readonly start: bigint; readonly segmentSize: number; readonly pageSize: number },
  onRecord: (found: FoundRecord) => void,
): WalScanner {
  return new HeaderWalker(options, onRecord);
}

/** What the next bytes are. */
type Expecting = "page-header" | "record" | "rest" | "zeros";

/** A class, as its state changes with every record: a hundred thousand times per segment. */
class HeaderWalker implements WalScanner {
  readonly #pageSize: number;
  readonly #segmentSize: number;
  readonly #segment: bigint;
  readonly #onRecord: (found: FoundRecord) => void;
  /** Bytes from the start of the first segment. */
  #at = 0;
  #expecting: Expecting = "page-header";
  readonly #head = Buffer.alloc(tellingBytes);
  #headLength = 0;
  /** How many bytes of the present header or record are to be looked at. */
  #wanted = longHeader;
  /** Bytes left of the present record; those of its head included. */
  #left = 0;
  #recordAt = 0;
  #lastRecord: number | undefined;
  readonly #page = Buffer.alloc(longHeader);

  constructor(
    options: { readonly start: bigint; readonly segmentSize: number; readonly pageSize: number },
    onRecord: (found: FoundRecord) => void,
  ) {
    this.#pageSize = options.pageSize;
    this.#segmentSize = options.segmentSize;
    this.#segment = options.start;
    this.#onRecord = onRecord;
  }

  get lastRecord(): bigint | undefined {
    return this.#lastRecord === undefined ? undefined : this.#segment + BigInt(this.#lastRecord);
  }

  feed(bytes: Uint8Array): void {
    const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    for (let at = 0; at < buffer.length; ) {
      const taken = this.#take(buffer.subarray(at, at + this.#untilBorder()));
      at += taken;
      this.#at += taken;
    }
  }

  /** Bytes up to the end of the page header, or of the page. */
  #untilBorder(): number {
    const inPage = this.#at % this.#pageSize;
    const header = this.#at % this.#segmentSize < this.#pageSize ? longHeader : shortHeader;
    return inPage < header ? header - inPage : this.#pageSize - inPage;
  }

  #take(bytes: Buffer): number {
    const inPage = this.#at % this.#pageSize;
    const header = this.#at % this.#segmentSize < this.#pageSize ? longHeader : shortHeader;
    if (inPage < header) {
      bytes.copy(this.#page, inPage);
      if (inPage + bytes.length === header) this.#enterPage();
      return bytes.length;
    }
    switch (this.#expecting) {
      case "zeros":
        return bytes.length;
      case "rest": {
        const skipped = Math.min(bytes.length, this.#left);
        this.#left -= skipped;
        if (this.#left === 0) this.#expectRecord();
        return skipped;
      }
      default:
        return this.#takeRecord(bytes, inPage);
    }
  }

  /** A page's header says whether it goes on with a record; one that was cut off by a crash is given up. */
  #enterPage(): void {
    const header = readPageHeader(this.#page);
    if (header === undefined) {
      this.#expecting = "zeros";
      return;
    }
    const inRecord = this.#expecting === "rest" || (this.#expecting === "record" && this.#headLength > 0);
    if (header.continued > 0 && inRecord) return;
    if (header.continued > 0) {
      this.#expecting = "rest";
      this.#left = header.continued;
    } else this.#expectRecord();
  }

  #expectRecord(): void {
    this.#expecting = "record";
    this.#headLength = 0;
    this.#wanted = recordHeader;
  }

  #takeRecord(bytes: Buffer, inPage: number): number {
    if (this.#headLength === 0 && inPage % 8 !== 0) return Math.min(bytes.length, 8 - (inPage % 8)); // records are aligned
    if (this.#headLength === 0) this.#recordAt = this.#at;
    const taken = bytes.copy(this.#head, this.#headLength, 0, this.#wanted - this.#headLength);
    this.#headLength += taken;
    if (this.#headLength < this.#wanted) return taken;
    if (this.#wanted === recordHeader && !this.#readHeader()) return taken;
    if (this.#headLength === this.#wanted) this.#endHead();
    return taken;
  }

  /** Decides how much of the record is looked at; false when there is no record: zeros up to the end of the segment. */
  #readHeader(): boolean {
    const length = this.#head.readUInt32LE(0);
    if (length < recordHeader) {
      this.#expecting = "zeros";
      return false;
    }
    this.#left = length;
    this.#lastRecord = this.#recordAt;
    if (isTarget(this.#head)) this.#wanted = Math.min(length, tellingBytes);
    return true;
  }

  #endHead(): void {
    const bytes = this.#head.subarray(0, this.#headLength);
    const record = isTarget(bytes) ? readTarget(bytes) : undefined;
    if (record !== undefined) this.#onRecord({ lsn: this.#segment + BigInt(this.#recordAt), record });
    this.#left -= this.#headLength;
    this.#headLength = 0;
    this.#expecting = "rest";
    if (this.#left === 0) this.#expectRecord();
  }
}
