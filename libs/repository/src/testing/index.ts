export { writeFilesHere } from "../restore/write-files-here.ts";
export { type KeyService, startKeyService } from "./key-service.ts";
export { type LargeDomain, makeLargeDomain, previewLargeDomain } from "./large-domain.ts";
export { describeViolation, type ModelOutcome, runModel } from "./model/model.ts";
export * from "./random.ts";
export * from "./sample.ts";
