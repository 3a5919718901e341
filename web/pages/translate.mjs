// Translates the body of a page, text by text. A text without a translation stops the build, and so does a translation that no
// page needs.

/** What a person reads or hears of an element besides its text. */
const ATTRIBUTES = /\b(aria-label|placeholder|title|alt)="([^"]*)"/g;
/** Between two tags. Inline elements would need sentences with elements in them, and the translated pages have none. */
const TEXTS = />([^<>]*)</g;

/** `words`: by the English text. */
export function translated(lang, words) {
  const used = new Set();
  const say = (text) => {
    // The server puts the product's name there.
    if (!/\p{L}/u.test(text) || text === 'Countersign') return text;
    if (!(text in words)) throw new Error(`html/${lang}.json lacks ${JSON.stringify(text)}`);
    used.add(text);
    return words[text];
  };
  const inPlace = (text) => text.replace(/\S(?:.*\S)?/su, say);
  return {
    html: (body) => body.replace(ATTRIBUTES, (_, name, text) => `${name}="${say(text)}"`).replace(TEXTS, (_, text) => `>${inPlace(text)}<`),
    title: (title) => title.split(' · ').map(say).join(' · '),
    finish: () => {
      const dead = Object.keys(words).filter((text) => !used.has(text));
      if (dead.length > 0) throw new Error(`html/${lang}.json has texts that no page has: ${dead.join(' | ')}`);
    },
  };
}
