// English: the texts are those in the source, and the errors those of the API. `build.mjs` puts `de.ts`, or `de-admin.ts`, in the place of this file.

export const dictionary = {};
export const errors = {};
