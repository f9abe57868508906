declare module "picomatch" {
  export default function picomatch(
    globs: string | readonly string[],
    options?: { dot?: boolean; basename?: boolean },
  ): (path: string) => boolean;
}
