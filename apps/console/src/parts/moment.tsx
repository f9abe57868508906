import { agoText, instantText } from "../words.ts";

/** A moment as its distance from now; the moment itself shows on pointing at it and is read out. */
export function Moment({ at, now }: { readonly at: string | undefined; readonly now: number }) {
  if (at === undefined) return <span className="quiet">never</span>;
  return (
    <time dateTime={at} title={instantText(at)}>
      {agoText(at, now)}
    </time>
  );
}
