/** The control plane's REST API, as the demo's operator uses it. */
export interface Api {
  readonly url: string;
  readonly token: string;
  get<T>(path: string): Promise<T>;
  post<T>(path: string, body: unknown): Promise<T>;
}

export function connect(url: string, token: string): Api {
  const call = async <T>(method: string, path: string, body?: unknown): Promise<T> => {
    const headers: Record<string, string> = { authorization: `Bearer ${token}` };
    if (body !== undefined) headers["content-type"] = "application/json";
    const response = await fetch(`${url}${path}`, {
      method,
      headers,
      signal: AbortSignal.timeout(30_000),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const answer = (await response.json()) as T & { detail?: string; hint?: string }; // the shapes are those of @muster/protocol
    if (!response.ok)
      throw new Error(`${method} ${path}: ${response.status} ${answer.detail ?? ""} ${answer.hint ?? ""}`);
    return answer;
  };
  return { url, token, get: (path) => call("GET", path), post: (path, body) => call("POST", path, body) };
}
