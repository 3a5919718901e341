// The parts of an OpenAPI document that the page about the API shows, and how to follow its references.

import { t } from './words.ts';

export interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly format?: string;
  readonly description?: string;
  readonly enum?: readonly string[];
  readonly const?: unknown;
  readonly default?: unknown;
  readonly required?: readonly string[];
  readonly properties?: Record<string, Schema>;
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
}

export interface Content {
  readonly schema: Schema;
  readonly example?: unknown;
  readonly examples?: Record<string, { readonly value: { readonly error: string } }>;
}

export interface Body {
  readonly description?: string;
  readonly required?: boolean;
  readonly content?: Record<string, Content>;
}

export interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly required?: boolean;
  readonly description?: string;
  readonly schema: Schema;
}

export interface Operation {
  readonly operationId: string;
  readonly tags: readonly string[];
  readonly summary: string;
  readonly description?: string;
  readonly security: readonly Record<string, unknown>[];
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: Body;
  readonly responses: Record<string, Body>;
}

export interface Description {
  readonly info: { readonly description: string };
  readonly tags: readonly { readonly name: string; readonly description: string }[];
  readonly paths: Record<string, Record<string, Operation>>;
  readonly components: { readonly schemas: Record<string, Schema> };
}

/** The thing that is meant: itself, or what its `$ref` (`#/components/…`) leads to. */
export function resolved<T extends object>(description: Description, thing: T): T {
  const reference = (thing as { $ref?: string }).$ref;
  if (reference === undefined) return thing;
  const steps = reference.slice(2).split('/');
  return steps.reduce<unknown>((place, step) => (place as Record<string, unknown>)[step], description) as T;
}

/** A type in words: `string`, `list of Session`, `"name" or "newest"`. */
export function typeOf(schema: Schema): string {
  if (schema.$ref !== undefined) return schema.$ref.slice(schema.$ref.lastIndexOf('/') + 1);
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum) return inWords(schema.enum.map((value) => JSON.stringify(value)));
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices) return inWords(choices.map(typeOf));
  if (schema.items && schema.type === 'array') return t('list of {type}', { type: typeOf(schema.items) });
  const types = typeof schema.type === 'string' ? [schema.type] : (schema.type ?? ['any']);
  return inWords(types.map((type) => (type === 'string' && schema.format ? `${type} (${schema.format})` : type)));
}

/** `a or b or c` */
export function inWords(choices: readonly string[]): string {
  return choices.join(` ${t('or')} `);
}
