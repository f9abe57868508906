/** A part of a printed page, whatever it is printed as. */
export type Block =
  | { readonly kind: "text" | "warning"; readonly text: string }
  /** To be typed as they stand. */
  | { readonly kind: "commands"; readonly lines: readonly string[] }
  | { readonly kind: "table"; readonly headings: readonly string[]; readonly rows: readonly (readonly string[])[] }
  /** Room for handwriting. */
  | { readonly kind: "blanks"; readonly labels: readonly string[] };

export interface Section {
  readonly title: string;
  readonly blocks: readonly Block[];
}

export interface KitDocument {
  readonly title: string;
  readonly subtitle: string;
  readonly sections: readonly Section[];
}

export const text = (content: string): Block => ({ kind: "text", text: content });
export const warning = (content: string): Block => ({ kind: "warning", text: content });
export const commands = (...lines: readonly string[]): Block => ({ kind: "commands", lines });
