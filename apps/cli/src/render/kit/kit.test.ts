import type { ApiKit } from "@muster/protocol";
import { describe, expect, it } from "vitest";
import { kitHtml } from "./html.ts";
import { kitDocument } from "./kit.ts";
import { kitText } from "./text.ts";

const at = "2026-03-02T12:00:00.000Z";
const key = { id: "key_1", whole: true, own: false, addedAt: at };

function sampleKit(changes: Partial<ApiKit> = {}): ApiKit {
  const source = { source: "carts", type: "redis", location: "redis://127.0.0.1:6380", repository: "far" };
  return {
    at,
    version: "0.1.0",
    withSecrets: false,
    controlPlane: {
      ...{ dataDirectory: "/var/lib/muster", database: "postgresql", http: "http://h:7400", sessions: "h:7443" },
      ...{ fingerprint: "ab", ownBackups: [{ repository: "far" }] },
    },
    repositories: [
      { name: "near", url: "/var/lib/muster/repository", keyFile: "/k/near.key", onControlPlane: true, keys: [] },
      {
        ...{ name: "far", url: "s3://b/p?region=x&path-style=true", keyFile: "/k/far.key", onControlPlane: false },
        keys: [
          { ...key, method: "x25519", label: "safe <Oslo>", holder: "muster-public-x" },
          { ...key, method: "kms", holder: "arn:aws:kms:x" },
        ],
      },
    ],
    hosts: [],
    plans: [
      {
        ...{ name: "shop", version: 3 },
        tiers: [
          {
            ...{ tier: 1, name: "Data" },
            services: [
              {
                service: "cache",
                host: "c-1",
                dependsOn: [],
                actions: {},
                sources: [{ ...source, dataDirectory: "/srv/my redis" }],
              },
            ],
          },
        ],
      },
    ],
    ...changes,
  };
}

describe("a recovery kit", () => {
  it("names the repository that outlives the control plane's machine first, and warns of the other", () => {
    const text = kitText(kitDocument(sampleKit()));
    expect(text).toContain("!! near lies on the control plane's own machine");
    expect(text).toContain(
      "muster-control-plane restore --repository 's3://b/p?region=x&path-style=true' --key far.key --database",
    );
  });

  it("brings the control plane back from a repository that has its backups", () => {
    const { controlPlane } = sampleKit();
    const only = { ...controlPlane, ownBackups: [{ repository: "near" }] };
    const text = kitText(kitDocument(sampleKit({ controlPlane: only })));
    expect(text).toContain("muster-control-plane restore --repository /var/lib/muster/repository --key near.key");
    expect(text).toContain("    muster-agent restore --repository 's3://b/p?region=x&path-style=true' --key far.key\n");
  });

  it("says for each method of key how to unlock, and what S3 needs besides", () => {
    const text = kitText(kitDocument(sampleKit()));
    for (const part of ["MUSTER-SECRET-", "write kms in place", "AWS_ACCESS_KEY_ID"]) expect(text).toContain(part);
  });

  it("quotes what a shell would take apart", () => {
    const text = kitText(kitDocument(sampleKit()));
    expect(text).toContain("--service cache --source carts --onto 'redis:///srv/my redis?port=6380' --password-file");
  });

  it("has a warning in the place of secrets, and never markup of what it is told", () => {
    const html = kitHtml(kitDocument(sampleKit({ withSecrets: true })));
    expect(html).toContain("THIS KIT HOLDS SECRETS");
    expect(html).toContain("safe &lt;Oslo&gt;");
    expect(html).not.toContain("<Oslo>");
    expect(html).toContain("<span>--service</span>");
  });

  it("is of use without a plan and without a repository", () => {
    const text = kitText(kitDocument(sampleKit({ plans: [], repositories: [] })));
    expect(text).toContain("Recovery kit: no plan applied");
  });
});
