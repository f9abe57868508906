/** A configuration of the control plane for one machine. */
export function firstConfig(data: string): string {
  return `# The control plane of Muster. Start it with: muster up
# Relative paths are taken from the folder of this file.
data: ${data}

http: { host: 127.0.0.1, port: 7400 }

# Where agents connect. For agents on other machines: an address that they reach, and its name under advertise.
agents: { host: 127.0.0.1, sessionPort: 7443, enrolPort: 7444 }

# Where the encrypted backups lie; the key of each is made at the first start. KEEP A COPY OF THE KEYS ELSEWHERE.
# repositories:
#   main: { url: file:///srv/muster-repository, keyFile: keys/main.key }
#   far: { url: "s3://bucket/muster?region=eu-central-1", keyFile: keys/far.key, credentialsFile: s3.credentials }

status: { title: Status }
`;
}

/** A plan that passes the linter, to be changed. */
export const firstPlan = `# What comes back after a disaster, in which order. Check it with: muster plan check plan.yaml
# Hosts, sources, probes and actions are names from agent.yaml on each host.
version: 1
name: first
timezone: UTC

# What the business asks for: time to come back, and data that may be lost.
objectives: { rto: 1h, rpo: 1h }

# Tier 1 comes back first; the next starts when every gate of the one before has passed.
tiers:
  - { tier: 1, name: Data }
  - { tier: 2, name: Application }

# A backup shows the moment of its start, so each interval stays well below the RPO that it serves.
policies:
  database:
    schedule: every 15m
    retention: { last: 8, hourly: 24, daily: 14, weekly: 8, monthly: 12 }

services:
  database:
    tier: 1
    host: db-1
    sources: { orders: { policy: database } }
    probes: [postgres-answers]
    actions: { stop: stop-postgres, prepare: prepare-postgres, start: start-postgres }

  application:
    tier: 2
    host: app-1
    dependsOn: [database]
    sources: { settings: { policy: database } }
    probes: [application-answers]
    actions: { stop: stop-application, start: start-application }

scenarios:
  everything-lost:
    description: Everything comes back on the same hosts, once a second person has agreed.
    approve: true
`;
