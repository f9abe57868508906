import type { ApiKit, ApiKitSource } from "@muster/protocol";

type Repository = ApiKit["repositories"][number];

/** A word for a shell, quoted only where it has to be. */
export function word(value: string): string {
  return /^[\w./:=@%+,-]+$/.test(value) ? value : `'${value.replaceAll("'", `'\\''`)}'`;
}

/** The address of a repository as `--repository` takes it on another machine. */
export function addressOf({ url }: Repository): string {
  return word(url);
}

/** What stands behind `--key`: a file that the reader makes, or the key service. */
export function keyOf({ name, kmsKey }: Repository): string {
  return kmsKey === undefined ? `${name}.key` : "kms";
}

/** The options that every command on a repository begins with. */
export function placeOf(repository: Repository): string {
  return `--repository ${addressOf(repository)} --key ${keyOf(repository)}`;
}

/** The command that brings one source back with no control plane, by its kind. */
export function restoreCommand(repository: Repository, service: string, source: ApiKitSource): string {
  const what = `muster-agent restore ${placeOf(repository)} --service ${service} --source ${source.source}`;
  switch (source.type) {
    case "postgres":
      return `${what} --onto ${postgresTarget(source)} --password-file pg.password`;
    case "redis":
      return `${what} --onto ${redisTarget(source)} --password-file redis.password`;
    case "command":
      return `${what} --onto /etc/muster/agent.yaml`;
    default:
      return `${what} --into /restore/${service}-${source.source}`;
  }
}

function postgresTarget({ location }: ApiKitSource): string {
  const place = /^postgres:\/\/(.+)$/.exec(location ?? "")?.[1] ?? "127.0.0.1:5432";
  return word(`postgres://postgres@${place}`);
}

function redisTarget({ location, dataDirectory = "/var/lib/redis" }: ApiKitSource): string {
  const port = /:(\d+)$/.exec(location ?? "")?.[1] ?? "6379";
  return word(`redis://${dataDirectory}?port=${port}`);
}

/** What a person has to see to before and after that command. */
export function conditionOf({ type, serverVersion }: ApiKitSource): string {
  switch (type) {
    case "postgres":
      return `a running, empty PostgreSQL${serverVersion === undefined ? "" : ` ${serverVersion} or newer`}; its superuser's password in pg.password`;
    case "redis":
      return `Redis${serverVersion === undefined ? "" : ` ${serverVersion} or newer`} installed and stopped; start it afterwards. Without a password leave --password-file out`;
    case "command":
      return "an agent.yaml that declares this source; its restore program is called";
    default:
      return "then move the files below roots/ to their places";
  }
}
