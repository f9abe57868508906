import { readFileSync } from "node:fs";
import { chmod, chown, mkdir, writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { connect } from "./api.ts";
import { type Customer, startCustomer } from "./customer/customer.ts";
import { strike, struckServices } from "./disaster.ts";
import { readPlan, startAgents, startControlPlane } from "./fleet.ts";
import { defaultFolder, type Folder, makeFolder } from "./folder.ts";
import { awaitPostgres, preparePostgres } from "./host/postgres.ts";
import { startRedis } from "./host/redis.ts";
import { serverUser } from "./host/server-user.ts";
import { startShop } from "./host/shop.ts";
import { awaitHealth, awaitQuiet, backUpEverything, recover, showStatus } from "./operator.ts";
import { until } from "./processes.ts";
import { type Alteration, alter, alterations } from "./proof/alter.ts";
import { fingerprintTree } from "./proof/fingerprint.ts";
import { type Expected, productsChecksum, prove } from "./proof/proof.ts";
import { headline, line, reportObjectives, reportProof } from "./report.ts";
import { hostFolder, hosts, makeSettings, places, type Settings } from "./settings.ts";
import { seedPostgres, seedRedis, writeConfiguration } from "./shop/set-up.ts";
import { firstSignal, type Stage, stopEverything } from "./stage.ts";

const products = 20_000;
const sessions = 5_000;

interface Options {
  readonly once: boolean;
  readonly alter: readonly Alteration[];
}

/** Plays the whole demo, and ends everything that it started, also after Ctrl-C in the middle. Gives the exit code. */
async function demo(folder: Folder, options: Options): Promise<number> {
  const settings = await makeSettings(folder);
  const stage: Stage = { folder, settings, started: [] };
  const signal = firstSignal();
  try {
    const proven = await Promise.race([play(stage, options), signal]);
    if (proven === "interrupted") return 130;
    if (!options.once) {
      line("\n  The fleet keeps running. Ctrl-C ends it.");
      const keepAlive = setInterval(() => undefined, 60_000);
      await signal;
      clearInterval(keepAlive);
    }
    return proven ? 0 : 1;
  } finally {
    await stopEverything(stage);
  }
}

/** A fleet, a backup, a disaster, a recovery, a proof; true when everything came back in time. */
async function play(stage: Stage, options: Options): Promise<boolean> {
  const { folder, settings } = stage;
  headline("A fleet of four hosts");
  await startFleet(folder, settings);
  line("  PostgreSQL, Redis, configuration with certificates, and a shop that needs all three");

  headline("Muster takes over");
  stage.started.push(await startControlPlane(folder, settings));
  const api = connect(
    `http://127.0.0.1:${settings.ports.http}`,
    readFileSync(folder.at("control-plane", "admin.token"), "utf8").trim(),
  );
  stage.started.push(...(await startAgents(folder, settings, api)));
  await api.post("/api/v1/plans", { files: [{ name: "plan.yaml", text: await readPlan() }] });
  line("  control plane up, four agents enrolled, plan applied");
  stage.customer = startCustomer(settings);
  const customer = stage.customer;
  await until("the first orders", async () => customer.ledger.length >= 50);
  await awaitHealth(api);

  headline("Backup, while customers keep ordering");
  const expected = await know(settings, customer);
  await awaitQuiet(api); // a backup that began before would be the answer to the request
  await backUpEverything(api);
  await showStatus(api);
  await until("orders after the backup", async () => customer.ledger.length >= expected.confirmedBefore + 50);

  headline("Disaster");
  await awaitQuiet(api); // a backup that is under way would see both sides of the disaster
  const failureAt = new Date();
  for (const deed of await strike(settings)) line(`  ${deed}`);
  await customer.stop();
  const last = customer.ledger.at(-1)?.number ?? 0;
  line(`  the last confirmed order was number ${last}`);
  await awaitHealth(api, struckServices);
  await showStatus(api);

  headline("Recovery, tier by tier");
  const recovery = await recover(api, "everything-lost", failureAt);
  await awaitHealth(api); // before a byte is altered

  headline("Proof: every row, key and file");
  for (const what of options.alter) {
    await alter(settings, what);
    line(`  (one byte was altered on purpose: in a ${what})`);
  }
  const verdicts = await prove(settings, expected, customer);
  const proven = reportProof(verdicts);
  for (const { what, lastOrder } of verdicts)
    if (lastOrder !== undefined) line(`  ${what}: last order ${lastOrder} of ${last}`);

  headline("Measured against the objectives");
  const met = reportObjectives(recovery);
  await showStatus(api);
  headline(proven && met ? "The shop is back, and it is proven" : "The proof FAILED");
  if (!options.once) {
    line(`  status page  ${api.url}/`);
    line(`  console      ${api.url}/console/   token in ${folder.at("control-plane", "admin.token")}`);
    line(`  API          ${api.url}/openapi.json   with the same token`);
  }
  line(`  logs         ${folder.at("logs")}`);
  return proven && met;
}

async function startFleet(folder: Folder, settings: Settings): Promise<void> {
  await mkdir(folder.at("logs"), { recursive: true });
  await chmod(folder.at("logs"), 0o777); // the servers' user writes its log there
  const owner = await serverUser();
  for (const host of hosts) await mkdir(hostFolder(settings, host), { recursive: true });
  if (owner !== undefined) await chown(hostFolder(settings, "db-1"), owner.uid, owner.gid);
  await writeFile(folder.at("settings.json"), JSON.stringify(settings));
  await writeFile(places(settings).postgresPassword, "only-for-this-demo\n", { mode: 0o644 });
  await Promise.all([
    preparePostgres(settings).then(() => awaitPostgres(settings)),
    startRedis(settings),
    writeConfiguration(settings),
  ]);
  await Promise.all([seedPostgres(settings, products), seedRedis(settings, sessions)]);
  await startShop(settings);
}

/** What must come back, recorded before the backup begins. */
async function know(settings: Settings, customer: Customer): Promise<Expected> {
  return {
    confirmedBefore: customer.ledger.length === 0 ? 0 : (customer.ledger.at(-1)?.number ?? 0),
    products: await productsChecksum(settings),
    sessions,
    configuration: await fingerprintTree(places(settings).configuration),
  };
}

const { values } = parseArgs({
  options: {
    once: { type: "boolean", default: false },
    dir: { type: "string" },
    alter: { type: "string", multiple: true, default: [] },
    help: { type: "boolean", default: false },
  },
});
const chosen = alterations.filter((name) => values.alter.includes(name));
if (values.help || chosen.length !== values.alter.length) {
  line("npm run demo -- [--once] [--dir DIRECTORY] [--alter row|key|file]");
  line("  --once   end after the proof instead of waiting for Ctrl-C");
  line("  --alter  alter one byte after the recovery, to see the proof fail");
  process.exitCode = values.help ? 0 : 2;
} else {
  try {
    const folder = await makeFolder(values.dir ?? defaultFolder());
    process.exit(await demo(folder, { once: values.once, alter: chosen })); // who was interrupted may still wait for something
  } catch (error) {
    process.stderr.write(`\nThe demo failed: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  }
}
