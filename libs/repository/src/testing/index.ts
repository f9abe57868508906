export { writeFilesHere } from "../restore/write-files-here.ts";
export { type KeyService, startKeyService } from "./key-service.ts";
export * from "./random.ts";
export * from "./sample.ts";
