const key = "muster.token";

/** The token of this tab; it is gone when the tab is closed. */
export function storedToken(): string | undefined {
  return sessionStorage.getItem(key) ?? undefined;
}

export function storeToken(token: string | undefined): void {
  if (token === undefined) sessionStorage.removeItem(key);
  else sessionStorage.setItem(key, token);
}
