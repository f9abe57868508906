export * from "./plan/schema.ts";
export * from "./run/model.ts";
