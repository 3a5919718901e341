// English: the texts are those in the source, and the errors those of the API. `build.mjs` puts `de.ts`, `de-admin.ts` or `de-docs.ts` in the place of this file.

export const dictionary = {};
export const errors = {};
