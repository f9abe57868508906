import { closeSync } from "node:fs";
import { breather } from "@muster/core";
import type { FileToWrite, PointReader, WriteFilesOptions } from "../read/types.ts";
import { createFile, fileMeta, finishFile, writeAll } from "./new-file.ts";

const breathe = breather(20);

/**
 * Makes new files one after the other, without threads. Not durable yet. Throws EEXIST and what else the system says. The
 * calls are synchronous: for many small files the way through libuv's pool and back costs several times as much as the call.
 */
export async function writeFilesHere(
  read: PointReader["read"],
  files: Iterable<FileToWrite> | AsyncIterable<FileToWrite>,
  { signal, onBytes, onFile }: WriteFilesOptions,
): Promise<void> {
  for await (const { entry, content, path, ownership } of files) {
    const descriptor = createFile(path);
    try {
      for await (const bytes of read(content, { signal })) {
        writeAll(descriptor, bytes);
        onBytes?.(bytes.length);
        await breathe();
      }
    } catch (thrown) {
      closeSync(descriptor);
      throw thrown;
    }
    finishFile(descriptor, path, fileMeta(entry, ownership));
    onFile?.();
  }
}
