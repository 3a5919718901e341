// The case table that all guards pass (`guards/cases`).

import { readFileSync } from 'node:fs';
import type { Algorithm } from '../src/index.ts';

export interface PolicyRow {
  readonly issuer: string;
  readonly audience: readonly string[];
  readonly type: 'at+jwt' | 'JWT';
  readonly leeway: number;
  readonly algorithms: readonly Algorithm[];
  readonly scopes: readonly string[];
  readonly roles: readonly string[];
}

export interface TokenCase {
  readonly name: string;
  readonly token: string;
  readonly policy?: string;
  readonly keys?: string | null;
  readonly authorization?: readonly string[];
  readonly demand?: { readonly scopes?: string[]; readonly roles?: string[] };
  readonly ended?: readonly string[];
  readonly feed?: 'fresh' | 'late';
  readonly whenLate?: string;
  readonly accept?: true;
  readonly refuse?: { readonly reason: string; readonly status: number; readonly code: string; readonly error: string | null };
}

export interface TokenTable {
  readonly now: number;
  readonly keys: Readonly<Record<string, object>>;
  readonly policies: Readonly<Record<string, PolicyRow>>;
  readonly cases: readonly TokenCase[];
}

export interface FeedStep {
  readonly at: number;
  readonly connect?: true;
  readonly cursor?: string | null;
  readonly receive?: string;
  readonly times?: number;
  readonly bytewise?: true;
  readonly close?: true;
  readonly expect?: 'fresh' | 'late';
  readonly ended?: readonly string[];
  readonly alive?: readonly string[];
  readonly refused?: readonly number[];
  readonly accepted?: readonly number[];
  readonly open?: boolean;
  readonly withdrawn?: readonly string[];
}

export interface FeedTable {
  readonly issuer: string;
  readonly serverNow: number;
  readonly freshFor: number;
  readonly cases: readonly { readonly name: string; readonly steps: readonly FeedStep[] }[];
}

export interface AskStep {
  readonly at: number;
  readonly request?: readonly string[];
  readonly answer?: string;
  readonly active?: boolean | null;
  readonly feed?: 'fresh' | 'late';
  readonly ended?: readonly string[];
  readonly expect?: readonly string[];
  readonly asked?: readonly string[];
  readonly failure?: boolean;
}

export interface AskTable {
  readonly issuer: string;
  readonly now: number;
  readonly keys: object;
  readonly leeway: number;
  readonly answerWithin: number;
  readonly tokens: Readonly<Record<string, string>>;
  readonly cases: readonly { readonly name: string; readonly steps: readonly AskStep[] }[];
  readonly clients: readonly { readonly id: string; readonly secret: string; readonly authorization: string }[];
  readonly responses: readonly {
    readonly name: string;
    readonly status: number;
    readonly headers: Readonly<Record<string, string>>;
    readonly body: string;
    readonly active: boolean | null;
  }[];
}

export const tokens: TokenTable = read('tokens.json');
export const feed: FeedTable = read('feed.json');
export const ask: AskTable = read('ask.json');

export const token: (name: string) => string = (name) => {
  const found = tokens.cases.find((row) => row.name === name);
  if (!found) throw new Error(`no case ${name}`);
  return found.token;
};

function read<T>(name: string): T {
  return JSON.parse(readFileSync(`../cases/${name}`, 'utf8')) as T;
}
