import type { Client, Schema } from "./client.ts";

/** A list that comes whole. */
export function itemsOf<T>(schema: Schema<T>): Schema<{ items: T[] }> {
  return {
    parse(value) {
      const items = typeof value === "object" && value !== null && "items" in value ? value.items : undefined;
      if (!Array.isArray(items)) throw new TypeError("the answer has no items");
      return { items: items.map((item) => schema.parse(item)) };
    },
  };
}

/** Up to `limit` items of a list that comes in pages. */
export async function listPages<T>(
  client: Client,
  path: string,
  schema: Schema<{ items: T[]; next?: string | undefined }>,
  { limit, ...query }: { readonly limit: number } & Readonly<Record<string, string | number | boolean | undefined>>,
): Promise<T[]> {
  const items: T[] = [];
  let cursor: string | undefined;
  do {
    const size = Math.min(500, limit - items.length);
    const page = await client.get(path, schema, { ...query, limit: size, cursor });
    items.push(...page.items);
    cursor = page.next;
  } while (cursor !== undefined && items.length < limit);
  return items;
}
