/** What a group's or a worker's name may be, as the end of a sentence that begins with the name. */
export const NAME_RULE =
  "must be a name of up to 64 letters, digits, dots, dashes and underscores that begins with a letter or a digit, and no word that every object of JavaScript has, such as constructor";

/** What spares name as their group; no group is called so. */
export const SPARE = "spare";

/**
 * Whether a group or a worker may be called so. Names become znodes, and fields of JSON objects: `.` and `..` cannot be the one, and what
 * every object has already cannot be told from the other.
 */
export function isName(text: string): boolean {
  return /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(text) && !(text in {});
}
