// A visitor and an owner with the second module, in the small world: what they say, and what the server is told to answer.

import { createSelfService, type SelfService } from '../src/account/index.ts';
import { Browser, Server, signedIn, World, type Answer, type Tab } from './world.ts';

export function serviceOf(tab: Tab): SelfService {
  return createSelfService(tab.client, { environment: tab.environment });
}

export type Said = [route: string, body: Record<string, unknown>];

/** A visitor, and what the server heard of routes that need nobody. */
export async function visitor(answer: (route: string, body: Record<string, unknown>, server: Server) => Answer | undefined) {
  const world = new World();
  const server = new Server(world);
  const said: Said[] = [];
  server.anybody = (route, body) => {
    const given = answer(route, body, server);
    if (given) said.push([route, body]);
    return given;
  };
  const browser = new Browser(world, server);
  const tab = browser.tab();
  await world.pass(100);
  return { world, server, browser, tab, said, account: serviceOf(tab) };
}

/** Signed in as Alice, and what the server heard of routes that need that. */
export async function owner(answer: (route: string, body: Record<string, unknown>) => Answer | undefined) {
  const said: Said[] = [];
  const { world, server, browser, tab } = await signedIn();
  server.own = (route, body) => {
    const given = answer(route, body);
    if (given) said.push([route, body]);
    return given;
  };
  return { world, server, browser, tab, said, account: serviceOf(tab) };
}

export const started = (more: object = {}): Answer => ({ status: 202, body: { expiresIn: 600, ...more } });
export const mailOnly = (route: string): Answer | undefined => (route === 'POST /api/email/start' ? started({ digits: '42' }) : undefined);
