/** Finds where in the source a line of output points to: `net_test.cc:88: expected 3`, `File "a.py", line 12`. */

/** Looked at of one line: bounds the work on hostile ones. */
const MOST_UNITS = 1000;

/** A file with an extension, then a line number. `12:30:59` and `http://host:80` are none. */
const WITH_COLON =
  /(?:^|[\s("'`[<=])((?:[A-Za-z]:[\\/])?[\w.@+~\\/-]{1,300}\.[A-Za-z]\w{0,9}):(\d{1,7})(?![\w.])/;
const PYTHON = /\bFile "([^"\n]{1,300})", line (\d{1,7})/;
const PERL = /\bat (\S{1,300}\.(?:pl|pm|t)) line (\d{1,7})\b/;
/** MSVC and others: `net_test.cc(88): error`. */
const WITH_BRACKETS = /(?:^|\s)([\w.@+~\\/-]{1,300}\.[A-Za-z]\w{0,9})\((\d{1,7})(?:,\d{1,7})?\)\s?:/;

/** The first place that a line names; `null` for none. */
export function locationIn(line: string): { path: string; line: number } | null {
  const text = line.slice(0, MOST_UNITS);
  const found = WITH_COLON.exec(text) ?? PYTHON.exec(text) ?? WITH_BRACKETS.exec(text) ?? PERL.exec(text);
  const number = Number(found?.[2]);
  if (found?.[1] === undefined || number < 1) return null;
  return { path: found[1].replace(/^\.\//, ''), line: number };
}
