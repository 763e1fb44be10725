import { LIMITS } from '../limits.js';

/**
 * Whether a JSON text has more values than a message may: members of objects and items of lists, counted by their colons
 * and commas outside of strings; and as many lists and objects, which in each other have neither. To make objects of 240 KB
 * of keys takes 30 ms and to count them less than one, so this is asked before a text is parsed. Texts that are no JSON get
 * a number too.
 */
export function hasTooManyValues(text: string): boolean {
  // Each value has a character of its own.
  if (text.length <= LIMITS.messageValues) return false;
  let [values, strings, opened] = [0, 0, 0];
  for (let at = 0; at < text.length; at += 1) {
    const character = text.charCodeAt(at);
    if (character === QUOTE) {
      at = endOfString(text, at + 1);
      strings += 1;
      // No JSON has more: a name and a value each, and what stands around all.
      if (strings > 2 * LIMITS.messageValues + 2) return true;
    } else if (character === COMMA || character === COLON) {
      values += 1;
      if (values > LIMITS.messageValues) return true;
    } else if (character === BRACKET || character === BRACE) {
      opened += 1;
      if (opened > LIMITS.messageValues) return true;
    }
  }
  return false;
}

const [QUOTE, COMMA, COLON, BRACKET, BACKSLASH, BRACE] = [0x22, 0x2c, 0x3a, 0x5b, 0x5c, 0x7b];

/** @returns where the quote stands that ends a string; the text's end, where none does */
function endOfString(text: string, from: number): number {
  for (let end = text.indexOf('"', from); end !== -1; end = text.indexOf('"', end + 1)) {
    let backslashes = 0;
    while (end - backslashes > from && text.charCodeAt(end - 1 - backslashes) === BACKSLASH) backslashes += 1;
    if (backslashes % 2 === 0) return end;
  }
  return text.length;
}
