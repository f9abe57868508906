import type { ApiKit } from "@muster/protocol";
import { moment } from "../time.ts";
import { conditionOf, placeOf, restoreCommand } from "./commands.ts";
import { type Block, commands, type KitDocument, type Section, text, warning } from "./document.ts";
import { repositorySection } from "./repositories.ts";

type Repository = ApiKit["repositories"][number];

/** The recovery kit as a document: what there is, and the worst day step by step, with the commands of this very fleet. */
export function kitDocument(kit: ApiKit): KitDocument {
  const [first] = bestFirst(kit);
  const own = bestFirst(kit).find(({ name }) =>
    kit.controlPlane.ownBackups.some(({ repository }) => repository === name),
  );
  return {
    title: `Recovery kit: ${kit.plans.map(({ name }) => name).join(", ") || "no plan applied"}`,
    subtitle: `Muster ${kit.version}, made ${moment(kit.at)}. Print it anew after every change of hosts, keys or repositories.`,
    sections: [
      aboutSection(kit),
      repositorySection(kit),
      ...(first === undefined ? [] : [lookSection(first), controlPlaneSection(kit, own ?? first)]),
      recoverSection(kit),
      byHandSection(kit),
      fleetSection(kit),
    ],
  };
}

/** A repository that outlives the control plane's machine before one that does not. */
function bestFirst({ repositories }: ApiKit): Repository[] {
  return repositories.toSorted((a, b) => Number(a.onControlPlane) - Number(b.onControlPlane));
}

function aboutSection({ withSecrets, version }: ApiKit): Section {
  return {
    title: "Before anything else",
    blocks: [
      ...(withSecrets
        ? [warning("THIS KIT HOLDS SECRETS. Keep it in a safe, make no copies, and rotate the keys if it is lost.")]
        : [text("This kit holds no secrets. The keys are kept elsewhere; write down where:")]),
      { kind: "blanks", labels: ["Keys are kept by", "Place", "Phone", "Second holder", "Place", "Phone"] },
      text(
        `You need: one machine with Linux and Node.js 24, the programs of Muster ${version} or newer (muster, muster-agent, muster-control-plane), the network to a repository, and one of its keys. A repository and a key are enough; all else comes out of it.`,
      ),
    ],
  };
}

function lookSection(repository: Repository): Section {
  return {
    title: "Step 1. See what there is, and that it is whole",
    blocks: [
      commands(
        `muster-agent restore ${placeOf(repository)}`,
        `muster-agent restore ${placeOf(repository)} --service SERVICE --list`,
        `muster-agent restore ${placeOf(repository)} --service SERVICE --verify`,
      ),
      text(
        "After deletion or ransomware, choose points from before it began: --point ID in what follows, or --to in step 3.",
      ),
    ],
  };
}

function controlPlaneSection({ controlPlane }: ApiKit, from: Repository): Section {
  const { dataDirectory, configFile, database, ownBackups, sessions, fingerprint } = controlPlane;
  const where = configFile === undefined ? `--data ${dataDirectory}` : `--config ${configFile}`;
  const restore = `muster-control-plane restore ${placeOf(from)}${database === "postgresql" ? " --database postgres://USER@HOST/EMPTY" : ""}`;
  const rows = ownBackups.map(({ repository, latestPointAt }) => [repository, moment(latestPointAt)]);
  return {
    title: "Step 2. Bring the control plane back",
    blocks: [
      ...(rows.length === 0
        ? [warning("The control plane does not back itself up. Without it go on with step 4.")]
        : [{ kind: "table", headings: ["its own backups are in", "newest when this was printed"], rows } as const]),
      commands(restore, `muster-control-plane run ${where}`),
      text("In another terminal, on the same machine:"),
      commands(`export MUSTER_DATA=${dataDirectory}`, "muster agents", "muster status"),
      text(
        `Agents come back by themselves when they reach ${sessions} again: give the new machine that name or address. Its authority has the fingerprint ${fingerprint}. When it works, put the address of the repository in ${configFile ?? "its configuration"} right if that has changed. Without the control plane, go on with step 4.`,
      ),
    ],
  };
}

function recoverSection({ plans }: ApiKit): Section {
  const order = plans
    .flatMap(({ tiers }) => tiers)
    .map(({ name, services }) => `${name}: ${services.map(({ service }) => service).join(", ")}`);
  return {
    title: "Step 3. Recover everything, tier by tier",
    blocks: [
      commands("muster recover --dry-run", "muster recover --watch"),
      text(
        `The order is ${order.join("; ") || "that of the plan"}. A host that is gone: enrol a new one (muster token create --host NEW), then muster recover --onto OLD=NEW. A moment in the past: --to "2h ago".`,
      ),
    ],
  };
}

function byHandSection(kit: ApiKit): Section {
  const blocks = kit.plans.flatMap(({ tiers }) => tiers.flatMap((tier) => tierBlocks(kit, tier)));
  return {
    title: "Step 4. Only if there is no control plane: every service by hand, in this order",
    blocks: [text("On the machine where it shall live:"), ...blocks],
  };
}

type Tier = ApiKit["plans"][number]["tiers"][number];

function tierBlocks(kit: ApiKit, { tier, name, services }: Tier): Block[] {
  const head = name === `Tier ${tier}` ? name : `Tier ${tier}: ${name}`;
  return services.flatMap(({ service, host, sources, actions }) => [
    text(
      `${head} – ${service}, on ${host}${actions.start === undefined ? "" : `; its start action in agent.yaml is ${actions.start}`}`,
    ),
    ...sources.flatMap((source): Block[] => {
      const repository = kit.repositories.find(({ name: known }) => known === source.repository) ?? kit.repositories[0];
      if (repository === undefined) return [];
      const size = source.latestPointAt === undefined ? "no point yet" : `newest point ${moment(source.latestPointAt)}`;
      return [
        text(`${source.source} (${source.type}, ${size}): ${conditionOf(source)}`),
        commands(restoreCommand(repository, service, source)),
      ];
    }),
  ]);
}

function fleetSection({ hosts, plans }: ApiKit): Section {
  const services = plans.flatMap(({ tiers }) => tiers.flatMap((tier) => tier.services));
  const rows = hosts.map(({ name, state, agentVersion }) => [
    name,
    state,
    agentVersion ?? "–",
    services
      .filter(({ host }) => host === name)
      .map(({ service }) => service)
      .join(", ") || "–",
  ]);
  return {
    title: "The fleet when this was printed",
    blocks: [{ kind: "table", headings: ["host", "state", "agent", "services"], rows }],
  };
}
