import { useSyncExternalStore } from "react";

/** Where the reader is; it stands in the address after the `#`. */
export type Route =
  | { readonly page: "overview" | "recoveries" | "hosts" | "audit" | "lost" }
  | { readonly page: "recovery"; readonly id: string }
  | { readonly page: "start"; readonly scenario: string | undefined };

/** The route of a hash such as `#/recoveries/rec_1`. */
export function parseRoute(hash: string): Route {
  const [path = "", query] = hash.replace(/^#?\/?/, "").split("?");
  const [page = "", id, ...rest] = path.split("/");
  if (rest.length > 0) return { page: "lost" };
  if (page === "recoveries" && id !== undefined) return { page: "recovery", id: decode(id) };
  if (id !== undefined) return { page: "lost" };
  if (page === "") return { page: "overview" };
  if (page === "start") return { page: "start", scenario: new URLSearchParams(query).get("scenario") ?? undefined };
  return page === "recoveries" || page === "hosts" || page === "audit" ? { page } : { page: "lost" };
}

/** The address of a recovery. */
export function recoveryPath(id: string): string {
  return `#/recoveries/${encodeURIComponent(id)}`;
}

/** The route of the address, as it changes. */
export function useRoute(): Route {
  return parseRoute(useSyncExternalStore(onChange, () => window.location.hash));
}

function onChange(listener: () => void): () => void {
  window.addEventListener("hashchange", listener);
  return () => window.removeEventListener("hashchange", listener);
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
