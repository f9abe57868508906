import { useCallback, useMemo, useState } from "react";
import { createApi } from "./api/api.ts";
import type { ProblemError } from "./api/problem-error.ts";
import { Audit } from "./audit/audit.tsx";
import { Hosts } from "./hosts/hosts.tsx";
import { Overview } from "./overview/overview.tsx";
import { Page } from "./parts/page.tsx";
import { Recoveries } from "./recoveries/list.tsx";
import { RecoveryPage } from "./recoveries/recovery-page.tsx";
import { Start } from "./recoveries/start.tsx";
import { type Route, useRoute } from "./route.ts";
import { SessionContext } from "./session/session.ts";
import { SignIn } from "./session/sign-in.tsx";
import { storedToken, storeToken } from "./session/token.ts";

/** The console: sign-in, or the pages of who is signed in. */
export function App() {
  const [token, setToken] = useState(storedToken);
  const [because, setBecause] = useState<ProblemError>();
  const take = useCallback((next: string | undefined, problem?: ProblemError): void => {
    storeToken(next);
    setToken(next);
    setBecause(problem);
  }, []);
  const session = useMemo(() => {
    if (token === undefined) return undefined;
    return { api: createApi(token), signOut: (problem?: ProblemError) => take(undefined, problem) };
  }, [token, take]);

  if (session === undefined) return <SignIn because={because} onToken={take} />;
  return (
    <SessionContext value={session}>
      <Frame onSignOut={() => take(undefined)} />
    </SessionContext>
  );
}

const sections = [
  { href: "#/", label: "Overview", pages: ["overview"] },
  { href: "#/recoveries", label: "Recoveries", pages: ["recoveries", "recovery", "start"] },
  { href: "#/hosts", label: "Hosts", pages: ["hosts"] },
  { href: "#/audit", label: "Audit", pages: ["audit"] },
] as const;

function Frame({ onSignOut }: { onSignOut(): void }) {
  const route = useRoute();
  return (
    <>
      <header className="top">
        <span className="brand">Muster</span>
        <nav aria-label="Sections">
          {sections.map(({ href, label, pages }) => {
            const here = pages.some((page) => page === route.page);
            return (
              <a key={href} href={href} aria-current={here ? "page" : undefined}>
                {label}
              </a>
            );
          })}
        </nav>
        <a href="/" target="_blank" rel="noreferrer">
          Status page
        </a>
        <button type="button" onClick={onSignOut}>
          Sign out
        </button>
      </header>
      <main>
        <CurrentPage route={route} />
      </main>
    </>
  );
}

function CurrentPage({ route }: { readonly route: Route }) {
  switch (route.page) {
    case "overview":
      return <Overview />;
    case "recoveries":
      return <Recoveries />;
    case "recovery":
      return <RecoveryPage key={route.id} id={route.id} />;
    case "start":
      return <Start scenario={route.scenario} />;
    case "hosts":
      return <Hosts />;
    case "audit":
      return <Audit />;
    case "lost":
      return (
        <Page title="Nothing is here">
          <p>
            <a href="#/">Back to the overview</a>
          </p>
        </Page>
      );
  }
}
