import unhomoglyph from "unhomoglyph";

/** What stands for a name where two names may not be alike. Two names are alike when they share either. */
export interface NameKeys {
  /** The same for names that differ in case, width or form only, or in letters that look the same then. */
  readonly nameKey: string;
  /** The same for names that look the same as they are written, like `paypal` with a capital I at its end. */
  readonly nameLook: string;
}

/** Marks that nobody sees: joiners, variation selectors, fillers, soft hyphens. */
const invisible = /\p{Default_Ignorable_Code_Point}|\u2800/gu;

/** The keys of a name, as `nameSchema` lets it through. */
export function nameKeys(name: string): NameKeys {
  return { nameKey: skeleton(foldCase(name.normalize("NFKC"))), nameLook: skeleton(name) };
}

/** Whether somebody could take one name for the other. */
export function areAlike(a: NameKeys, b: NameKeys): boolean {
  return a.nameKey === b.nameKey || a.nameLook === b.nameLook;
}

/** By way of upper case, so that ß is ss and a dotless i is an i. The dot that İ leaves behind is not seen above an i. */
function foldCase(text: string): string {
  return text.toUpperCase().toLowerCase().replaceAll("i\u0307", "i");
}

/** The skeleton of Unicode TR39: texts that look the same have the same one. It is for comparing, never for showing. */
function skeleton(text: string): string {
  const next = unhomoglyph(text.normalize("NFD").replace(invisible, "")).normalize("NFD").replace(/\s+/gu, " ").trim();
  return next === text ? text : skeleton(next); // What the table puts in may fall apart into letters that it has too.
}
