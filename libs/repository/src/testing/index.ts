export * from "./random.ts";
export * from "./sample.ts";
