import { rm } from "node:fs/promises";
import { join } from "node:path";
import { createFileStore } from "@muster/object-store";
import { initRepository } from "../index.ts";
import { goldenFiles, goldenMeta, goldenPassphrase, goldenTakenAt } from "./golden.ts";
import { pieces } from "./sample.ts";

/*
 * Makes the golden repository of a format version, once, when that version is new: `node make-golden.ts DIRECTORY`. What
 * is there is never made again: later code must read what earlier code wrote.
 */
const [directory] = process.argv.slice(2);
if (directory === undefined) throw new Error("usage: make-golden.ts DIRECTORY");

const store = await createFileStore(directory);
const clock = { now: () => goldenTakenAt + 5000 };
const repository = await initRepository(store, { passphrase: goldenPassphrase, clock });
const domain = repository.domain("shop/größe");

const blocks = await domain.beginPoint(
  {
    source: "db",
    kind: "postgres",
    host: "db-1",
    pointId: "blocks",
    startedAt: goldenTakenAt - 1000,
    chunking: { mode: "fixed", size: 1024 },
  },
  { clock },
);
await blocks.addFile("base/1", goldenMeta, pieces(goldenFiles.relation));
await blocks.commit({ takenAt: goldenTakenAt, facts: { version: "15.1", timeline: 1 } });

const tree = await domain.beginPoint(
  { source: "etc", kind: "files", host: "app-1", pointId: "tree", startedAt: goldenTakenAt },
  { clock },
);
await tree.addDirectory("d", { ...goldenMeta, mode: 0o1777 });
await tree.addFile("d/empty", goldenMeta, pieces(Buffer.alloc(0)));
await tree.addFile("d/text", { ...goldenMeta, owner: "root", group: "größe" }, pieces(goldenFiles.text));
await tree.addHardLink("d/text-2", "d/text", goldenMeta);
await tree.addSymlink("link", "../elsewhere", goldenMeta);
await tree.addFile("name-\udcff", { ...goldenMeta, mtimeNs: -1n }, pieces(Buffer.from("not UTF-8")));
await tree.commit({ takenAt: goldenTakenAt + 1000 });

await rm(join(directory, ".staging"), { recursive: true });
