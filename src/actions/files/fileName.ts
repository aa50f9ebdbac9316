import { invalidInput } from '../../errors.js';
import { refuseIllFormed } from '../texts.js';

const maxLength = 255;
/** Control characters, line and paragraph separators, and those that turn the direction of what is read. */
const unseen = /[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/gu;

/** A file's name as a label, and nothing but a label: the last part of a path, without what cannot be seen. */
export function fileName(given: string, field: string): string {
  refuseIllFormed(given, field);
  const [last = ''] = given.replace(unseen, '').split(/[\\/]/).slice(-1);
  const name = last.trim();
  if (/^\.*$/.test(name)) throw invalidInput([field], 'This must name a file.');
  const characters = [...name];
  return characters.length <= maxLength ? name : shortened(characters);
}

/** Keeps the ending, which says how to open it. */
function shortened(characters: string[]): string {
  const ending = /\.[^.]{1,10}$/u.exec(characters.join(''))?.[0] ?? '';
  return characters.slice(0, maxLength - [...ending].length).join('') + ending;
}
