/** Counts what `wc` counts, and the words that occur most. */

/** Lines, words and bytes of a text. */
export function count(text) {
  return {
    lines: text.split('\n').length - 1,
    words: text.split(/\s+/).filter((word) => word !== '').length,
    bytes: Buffer.byteLength(text),
  };
}

/** The `limit` most frequent words, most frequent first, then by alphabet. Case does not count. */
export function mostFrequent(text, limit) {
  const counts = new Map();
  for (const [word] of text.toLowerCase().matchAll(/\p{L}+/gu)) counts.set(word, (counts.get(word) ?? 0) + 1);
  return [...counts]
    .sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1))
    .slice(0, limit)
    .map(([word, times]) => ({ word, times }));
}
