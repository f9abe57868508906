import { z } from "zod";

const absolute = z
  .string()
  .startsWith("/", "must be an absolute path")
  .refine((path) => path !== "/", "the whole file system cannot be one source")
  .transform((path) => path.replaceAll(/\/+/g, "/").replace(/\/$/, ""));

/** Directories or single files with their modes, owners, times, symbolic and hard links. No ACLs or extended attributes. */
export const filesConfigSchema = z
  .strictObject({
    type: z.literal("files"),
    root: absolute.optional(),
    roots: z.array(absolute).min(1).optional(),
    /** Globs (picomatch), relative to the root; without a slash they match a name at any depth. Empty: everything. */
    include: z.array(z.string()).default([]),
    /** As `include`; what matches is neither backed up nor replaced by a restore. */
    exclude: z.array(z.string()).default([]),
    /** Does not descend into other mounted file systems. */
    oneFileSystem: z.boolean().default(false),
    /** What a file that may not be read does to the backup. */
    unreadable: z.enum(["fail", "skip"]).default("fail"),
    /** How often a small file that changes while it is read is read again. */
    rereads: z.int().min(0).max(10).default(3),
  })
  .refine(({ root, roots }) => (root === undefined) !== (roots === undefined), { message: "set root or roots" })
  .refine(({ roots = [] }) => !roots.some((a) => roots.some((b) => a !== b && b.startsWith(`${a}/`))), {
    message: "one root lies inside another",
  });

export type FilesConfig = z.infer<typeof filesConfigSchema>;

/** The roots in the order in which a recovery point numbers them. */
export function rootsOf({ root, roots }: FilesConfig): readonly string[] {
  return roots ?? (root === undefined ? [] : [root]);
}
