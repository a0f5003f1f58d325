/** The books, a signature or a proof are not as they should be. */
export class Discrepancy extends Error {
  override name = "Discrepancy";
}

/** Goes on only if it is so. */
export function must(isSo: boolean, otherwise: string): asserts isSo {
  if (!isSo) throw new Discrepancy(otherwise);
}
