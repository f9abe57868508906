import { createPrivateKey, createPublicKey, diffieHellman, generateKeyPairSync, type KeyObject } from "node:crypto";
import { MusterError } from "@muster/core";
import { deriveKey } from "../encrypt/keys.ts";
import { fromPrinted, printed } from "./printed.ts";

const publicPrefix = "muster-public-";
export const privatePrefix = "MUSTER-SECRET-";

/** A pair of keys as people keep them: the public one goes to whoever adds it, the private one into a safe. */
export interface PrintedKeyPair {
  readonly publicKey: string;
  readonly privateKey: string;
}

/** Makes a new X25519 pair (RFC 7748). */
export function newKeyPair(): PrintedKeyPair {
  const { privateKey } = generateKeyPairSync("x25519");
  const { d = "" } = privateKey.export({ format: "jwk" });
  const text = printed(Buffer.from(d, "base64url")).toUpperCase();
  const groups = text.match(/.{1,6}/g) ?? [];
  return { privateKey: `${privatePrefix}${groups.join("-")}`, publicKey: publicText(rawPublicKey(privateKey)) };
}

/** The printed public key that belongs to a printed private key. Throws `usage` for a mistyped one. */
export function publicKeyOf(privateText: string): string {
  return publicText(rawPublicKey(parsePrivateKey(privateText)));
}

/** A raw public key in its printed form. */
export function publicText(raw: Uint8Array): string {
  return publicPrefix + printed(raw);
}

/** The raw public key of 32 bytes. Throws `usage` for a mistyped one. */
export function parsePublicKey(text: string): Buffer {
  const trimmed = text.trim();
  if (!trimmed.toLowerCase().startsWith(publicPrefix)) {
    throw new MusterError("usage", `a public key begins with ${publicPrefix}`, {
      hint: "Make a pair with: muster-agent keys generate --out FILE",
    });
  }
  return fromPrinted(trimmed.slice(publicPrefix.length), 32, "public key");
}

/** Throws `usage` for a mistyped one, without any of its characters. */
export function parsePrivateKey(text: string): KeyObject {
  const trimmed = text.trim();
  if (!trimmed.toUpperCase().startsWith(privatePrefix)) {
    throw new MusterError("usage", `a private key begins with ${privatePrefix}`);
  }
  const d = fromPrinted(trimmed.slice(privatePrefix.length), 32, "private key");
  return createPrivateKey({ key: Buffer.concat([pkcs8Header, d]), format: "der", type: "pkcs8" });
}

/** The DER of RFC 8410 before the 32 bytes of an X25519 private key. */
const pkcs8Header = Buffer.from("302e020100300506032b656e04220420", "hex");

export function rawPublicKey(privateKey: KeyObject): Buffer {
  const { x = "" } = createPublicKey(privateKey).export({ format: "jwk" });
  return Buffer.from(x, "base64url");
}

/** The wrapping key for a recipient, from a fresh ephemeral key whose public half is kept. */
export function wrapFor(recipient: Buffer): { readonly ephemeral: Buffer; readonly wrappingKey: Buffer } {
  const { privateKey } = generateKeyPairSync("x25519");
  const ephemeral = rawPublicKey(privateKey);
  return { ephemeral, wrappingKey: agree(privateKey, recipient, { ephemeral, recipient }) };
}

/** The same wrapping key, as the recipient finds it. */
export function unwrapAs(privateKey: KeyObject, ephemeral: Buffer): Buffer {
  return agree(privateKey, ephemeral, { ephemeral, recipient: rawPublicKey(privateKey) });
}

function agree(
  privateKey: KeyObject,
  peer: Buffer,
  { ephemeral, recipient }: { readonly ephemeral: Buffer; readonly recipient: Buffer },
): Buffer {
  const jwk = { kty: "OKP", crv: "X25519", x: peer.toString("base64url") };
  const secret = diffieHellman({ privateKey, publicKey: createPublicKey({ key: jwk, format: "jwk" }) });
  return deriveKey(secret, Buffer.concat([ephemeral, recipient]), "muster/v1/key/x25519");
}
