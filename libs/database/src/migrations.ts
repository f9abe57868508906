import { join } from "node:path";

/** The migrations lie beside the sources, and beside the folder of a bundle. */
export const migrationsFolder = join(import.meta.dirname, "..", "migrations");
