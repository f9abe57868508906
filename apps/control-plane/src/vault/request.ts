import { MusterError } from "@muster/core";
import { checkPrefix, vaultWire } from "@muster/object-store";

/** What is asked of the vault. Nothing but these can be asked: there is no request that changes or deletes. */
export type VaultRequest =
  | { readonly act: "put" | "info"; readonly repository: string; readonly key: string }
  | { readonly act: "get"; readonly repository: string; readonly key: string; readonly range: Range | undefined }
  | { readonly act: "list"; readonly repository: string; readonly prefix: string }
  | { readonly act: "space"; readonly repository: string };

type Range = { readonly offset: number; readonly length: number };

const longestTarget = 4096;
const path = /^\/v1\/([a-z0-9][a-z0-9-]{0,62})\/([a-z]+)(?:\/(.+))?$/;

/**
 * Reads a request from its first line as it came: no URL parser that resolves dots or escapes has touched it. Throws
 * `request-invalid` and `usage` for anything that the client of a vault does not send.
 */
export function parseRequest(method: string, target: string): VaultRequest {
  if (target.length > longestTarget) throw invalid("its address is too long");
  const [whole = "", query, ...more] = target.split("?");
  const [, repository, resource, key] = path.exec(whole) ?? [];
  if (repository === undefined || resource === undefined || more.length > 0) throw invalid("there is no such address");
  const parameters = new URLSearchParams(query ?? "");
  const allow = (...names: readonly string[]): void => {
    for (const name of parameters.keys()) if (!names.includes(name)) throw invalid(`${name} is no parameter of it`);
  };
  const act = `${method} ${resource}${key === undefined ? "" : "/"}`;
  switch (act) {
    case "PUT object/":
      allow();
      return { act: "put", repository, key: vaultWire.decodeKey(key ?? "") };
    case "GET object/":
      allow("offset", "length");
      return { act: "get", repository, key: vaultWire.decodeKey(key ?? ""), range: rangeIn(parameters) };
    case "GET info/":
      allow();
      return { act: "info", repository, key: vaultWire.decodeKey(key ?? "") };
    case "GET list":
      allow("prefix");
      return { act: "list", repository, prefix: prefixIn(parameters) };
    case "GET space":
      allow();
      return { act: "space", repository };
    default:
      throw invalid("the vault does not do this");
  }
}

function rangeIn(parameters: URLSearchParams): Range | undefined {
  if (parameters.size === 0) return undefined;
  const [offset, length] = [wholeNumber(parameters, "offset"), wholeNumber(parameters, "length")];
  if (length > vaultWire.sliceSize) throw invalid(`a range has at most ${vaultWire.sliceSize} bytes`);
  return { offset, length };
}

function prefixIn(parameters: URLSearchParams): string {
  const prefix = parameters.get("prefix") ?? "";
  checkPrefix(prefix);
  return prefix;
}

function wholeNumber(parameters: URLSearchParams, name: string): number {
  const values = parameters.getAll(name);
  if (values.length === 1 && /^\d{1,12}$/.test(values[0] ?? "")) return Number(values[0]);
  throw invalid(`${name} must be one whole number`);
}

function invalid(why: string): MusterError {
  return new MusterError("request-invalid", `the request to the vault is refused: ${why}`, {
    hint: "The vault takes PUT and GET of objects, their info, lists and the free space; nothing is changed or deleted.",
  });
}
