import { open } from "node:fs/promises";
import { join } from "node:path";
import { createClient } from "@redis/client";
import { places, type Settings } from "../settings.ts";
import { query } from "../shop/set-up.ts";

export const alterations = ["row", "key", "file"] as const;
export type Alteration = (typeof alterations)[number];

/** Changes one byte of what was recovered, to see that the proof notices. */
export async function alter(settings: Settings, what: Alteration): Promise<void> {
  switch (what) {
    case "row":
      await query(settings, "orders", "update products set description = 'X' || substr(description, 2) where id = 7");
      return;
    case "key": {
      const client = createClient({ url: `redis://127.0.0.1:${settings.ports.redis}` });
      await client.connect();
      await client.setRange("session:7", 0, "C");
      await client.close();
      return;
    }
    case "file": {
      // Not the certificate: the shop's health check reads it, so the shop would be down as well as altered.
      const file = await open(join(places(settings).configuration, "templates", "welcome.txt"), "r+");
      await file.write(Buffer.from("#"), 0, 1, 40);
      await file.close();
      return;
    }
  }
}
