// Word-level differences of two texts: the longest common subsequence of words, after common ends are set aside.

const MOST_CELLS = 4_000_000; // of the table; longer texts are shown without marks

const words = (text) => text.match(/\s+|[\p{L}\p{N}_]+|[^\s\p{L}\p{N}_]/gu) || [];

function difference(base, head) {
  const a = words(base), b = words(head);
  let start = 0, end = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) start++;
  while (end < a.length - start && end < b.length - start && a[a.length - 1 - end] === b[b.length - 1 - end]) end++;
  const left = a.slice(start, a.length - end), right = b.slice(start, b.length - end);
  if (left.length * right.length > MOST_CELLS) return null;
  const marks = { base: new Array(a.length).fill(false), head: new Array(b.length).fill(false) };
  for (const [side, kept, total] of [["base", common(left, right, 0), left.length], ["head", common(left, right, 1), right.length]]) {
    for (let index = 0; index < total; index++) marks[side][start + index] = !kept.has(index);
  }
  return { base: spans(a, marks.base), head: spans(b, marks.head) };
}

// Positions, in the first (0) or second (1) list, of the words that both have in the same order.
function common(left, right, which) {
  const width = right.length + 1, table = new Uint16Array((left.length + 1) * width);
  for (let i = left.length - 1; i >= 0; i--) {
    for (let j = right.length - 1; j >= 0; j--) {
      table[i * width + j] = left[i] === right[j]
        ? table[(i + 1) * width + j + 1] + 1
        : Math.max(table[(i + 1) * width + j], table[i * width + j + 1]);
    }
  }
  const kept = new Set();
  for (let i = 0, j = 0; i < left.length && j < right.length;) {
    if (left[i] === right[j]) { kept.add(which ? j : i); i++; j++; }
    else if (table[(i + 1) * width + j] >= table[i * width + j + 1]) i++;
    else j++;
  }
  return kept;
}

function spans(list, changed) {
  const found = [];
  list.forEach((word, index) => { // a blank between two changed words is part of the change
    if (!word.trim() && changed[index - 1] && changed[index + 1]) changed[index] = true;
    const last = found[found.length - 1];
    if (last && last.changed === changed[index]) last.text += word;
    else found.push({ text: word, changed: changed[index] });
  });
  return found;
}
