/** What is used of WebAssembly's JavaScript API; TypeScript has the whole of it only together with a browser's DOM. */
declare namespace WebAssembly {
  class Module {
    constructor(bytes: Uint8Array);
  }
  class Instance {
    constructor(module: Module);
    readonly exports: Readonly<Record<string, unknown>>;
  }
  interface Memory {
    readonly buffer: ArrayBuffer;
    /** Adds so many pages of 64 KiB; the buffer is another one afterwards. */
    grow(pages: number): number;
  }
}
