import type { ApiKit } from "@muster/protocol";
import { moment } from "../time.ts";
import { keyOf, placeOf } from "./commands.ts";
import { type Block, commands, type Section, text, warning } from "./document.ts";

type Repository = ApiKit["repositories"][number];

/** Where each repository is, and who can open it how. */
export function repositorySection(kit: ApiKit): Section {
  return { title: "The repositories and their keys", blocks: kit.repositories.flatMap((one) => repositoryBlocks(one)) };
}

function repositoryBlocks(repository: Repository): Block[] {
  const { name, url, keyFile, kmsKey, onControlPlane, unreachable, secret, keys } = repository;
  const rows = keys.map(({ id, method, own, label, holder, addedAt }) => [
    id,
    method,
    own ? `the control plane${kmsKey === undefined ? ` (${keyFile})` : ""}` : (label ?? "not said"),
    holder ?? "–",
    moment(addedAt).slice(0, 10),
  ]);
  return [
    text(`${name} is at ${url}`),
    ...(onControlPlane
      ? [warning(`${name} lies on the control plane's own machine. If that machine is lost, so is this repository.`)]
      : []),
    ...(unreachable === undefined ? [] : [warning(`Its keys could not be read when this was printed: ${unreachable}`)]),
    ...(rows.length === 0
      ? []
      : [{ kind: "table", headings: ["key", "method", "whose", "public key or ARN", "added"], rows } as const]),
    ...unlockBlocks(repository),
    ...(secret === undefined
      ? []
      : [warning(`SECRET. The key of ${name}: whoever reads this line can read all data in it.`), commands(secret)]),
  ];
}

/** How to come by what `--key` asks for, for every method that the repository has a key of. */
function unlockBlocks(repository: Repository): Block[] {
  const methods = new Set(repository.keys.map(({ method }) => method));
  const file = keyOf(repository) === "kms" ? `${repository.name}.key` : keyOf(repository);
  return [
    ...(methods.has("passphrase") || methods.size === 0
      ? [text(`With a passphrase: write it, as it is, into a file ${file} that only you can read.`)]
      : []),
    ...(methods.has("x25519")
      ? [text(`With a private key (MUSTER-SECRET-…): write it into ${file}. Case, spaces and dashes do not matter.`)]
      : []),
    ...(methods.has("kms")
      ? [
          text(
            "With the key service: write kms in place of the file, and give the machine AWS credentials that may use the key.",
          ),
        ]
      : []),
    ...(repository.url.startsWith("s3:")
      ? [
          text(
            "The bucket needs credentials that may read it, in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY. They are not in this kit.",
          ),
        ]
      : []),
    text("Try it:"),
    commands(`muster-agent keys check ${placeOf(repository)}`),
  ];
}
