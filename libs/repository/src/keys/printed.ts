import { createHash } from "node:crypto";
import { MusterError } from "@muster/core";

/** Crockford's base 32: no letter looks like a digit. */
const alphabet = "0123456789abcdefghjkmnpqrstvwxyz";
const checkLength = 4;

/** Bytes as people print, read out and type them: base 32 with the first 4 bytes of their SHA-256 behind them. */
export function printed(bytes: Uint8Array): string {
  const all = Buffer.concat([bytes, checksum(bytes)]);
  let bits = 0n;
  for (const byte of all) bits = (bits << 8n) | BigInt(byte);
  const digits = Math.ceil((all.length * 8) / 5);
  bits <<= BigInt(digits * 5 - all.length * 8);
  let text = "";
  for (let n = 0; n < digits; n++, bits >>= 5n) text = (alphabet[Number(bits & 31n)] ?? "") + text;
  return text;
}

/**
 * What `printed` made of so many bytes, however it was typed: case, spaces and dashes do not matter, and o, i, l are read as
 * the digits they look like. Throws `usage` when a character is wrong or missing.
 */
export function fromPrinted(text: string, length: number, what: string): Buffer {
  const plain = text.toLowerCase().replaceAll(/[\s-]/g, "").replaceAll("o", "0").replaceAll(/[il]/g, "1");
  const total = length + checkLength;
  const digits = Math.ceil((total * 8) / 5);
  let bits = 0n;
  for (const digit of plain) {
    const value = alphabet.indexOf(digit);
    if (value < 0) throw misread(what, `has the character ${JSON.stringify(digit)}`);
    bits = (bits << 5n) | BigInt(value);
  }
  if (plain.length !== digits) throw misread(what, `has ${plain.length} characters, not ${digits}`);
  const padding = BigInt(digits * 5 - total * 8);
  const padded = bits & ((1n << padding) - 1n);
  bits >>= padding;
  const all = Buffer.from(bits.toString(16).padStart(total * 2, "0"), "hex");
  const bytes = all.subarray(0, length);
  if (padded !== 0n || !checksum(bytes).equals(all.subarray(length)))
    throw misread(what, "has a wrong character: its checksum does not fit");
  return bytes;
}

function checksum(bytes: Uint8Array): Buffer {
  return createHash("sha256").update(bytes).digest().subarray(0, checkLength);
}

function misread(what: string, how: string): MusterError {
  return new MusterError("usage", `the ${what} ${how}`, { hint: "Copy it again, all of it." });
}
