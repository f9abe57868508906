/** Renews the page's content every ten seconds while it is looked at; without it, the page reloads as a whole. */
export const pageScript = `
(() => {
  let etag = "";
  const renew = async () => {
    if (document.hidden) return;
    try {
      const answer = await fetch("/", { headers: etag ? { "if-none-match": etag } : {}, signal: AbortSignal.timeout(8000) });
      if (answer.status !== 200) return;
      etag = answer.headers.get("etag") || "";
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      for (const part of ["main", "footer"]) document.querySelector(part).replaceWith(page.querySelector(part));
      document.title = page.title;
    } catch { /* the next round tries again */ }
  };
  setInterval(renew, 10000);
  document.addEventListener("visibilitychange", renew);
})();
`;
