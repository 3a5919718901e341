export function textsOf(source: string): string[];
export function untranslated(source: string): string[];
