import { readFileSync } from 'node:fs';
import { count, mostFrequent } from './wordcount.js';

const text = readFileSync(process.argv[2] ?? 0, 'utf8');
const { lines, words, bytes } = count(text);
console.log(`${lines} lines, ${words} words, ${bytes} bytes`);
for (const { word, times } of mostFrequent(text, 5)) console.log(`${String(times).padStart(6)} ${word}`);
