/** The names of Muster's metrics in a text, sorted; the series of a histogram count as the histogram. */
export function metricNames(content: string): string[] {
  const names = (content.match(/\bmuster_[a-z0-9_]+/g) ?? []).map((name) => name.replace(/_(bucket|sum|count)$/, ""));
  return [...new Set(names)].sort();
}
