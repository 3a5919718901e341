// The adapters in real frameworks, over real connections.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type AddressInfo, type Server } from 'node:net';
import { after, test } from 'node:test';
import { serve } from '@hono/node-server';
import express from 'express';
import Fastify from 'fastify';
import { Hono } from 'hono';
import * as forExpress from '../src/express.ts';
import * as forFastify from '../src/fastify.ts';
import * as forHono from '../src/hono.ts';
import { createGuard } from '../src/index.ts';
import * as forNext from '../src/next.ts';
import { token, tokens } from './table.ts';
import { json } from './world.ts';

const guard = createGuard({
  issuer: 'https://auth.example.com',
  audience: 'api',
  jwksUrl: 'https://auth.example.com/keys',
  environment: { fetch: () => Promise.resolve(json(tokens.keys['main'])), now: () => tokens.now * 1000 },
});
after(() => guard.close());
const admins = { roles: ['admin'] };

const SERVERS: Readonly<Record<string, () => Server | Promise<Server>>> = {
  express() {
    const app = express();
    app.get('/mine', forExpress.protect(guard), (request, response) => void response.send(forExpress.claimsOf(request).sub));
    app.get('/admin', forExpress.protect(guard, admins), (_, response) => void response.send('admin'));
    app.get('/forgotten', (request, response) => void response.send(forExpress.claimsOf(request).sub));
    app.set('env', 'test'); // its error handler writes no log then
    return app.listen(0);
  },
  async fastify() {
    const app = Fastify({ forceCloseConnections: true });
    app.get('/mine', { onRequest: forFastify.protect(guard) }, (request) => forFastify.claimsOf(request).sub);
    app.get('/admin', { onRequest: forFastify.protect(guard, admins) }, () => 'admin');
    app.get('/forgotten', (request) => forFastify.claimsOf(request).sub);
    await app.listen({ port: 0 });
    const imitated = await app.inject({ url: '/mine', headers: { authorization: `Bearer ${token('ES256')}` } });
    assert.equal(imitated.statusCode, 200, 'in-process requests');
    return app.server;
  },
  hono() {
    const app = new Hono();
    app.get('/mine', forHono.protect(guard), (c) => c.text(c.var.claims.sub));
    app.get('/admin', forHono.protect(guard, admins), (c) => c.text('admin'));
    app.get('/forgotten', (c) => c.text((c.var as { claims?: { sub: string } }).claims?.sub ?? 'nobody', 401));
    return serve({ fetch: app.fetch, port: 0 }) as Server;
  },
};

for (const [name, start] of Object.entries(SERVERS)) {
  test(name, async (t) => {
    const server = await start();
    t.after(() => server.close());
    if (!server.listening) await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const good = `Authorization: Bearer ${token('ES256')}`;

    assert.deepEqual(await status(port, '/mine', good), [200, undefined, 'ada']);
    assert.deepEqual(await status(port, '/mine', good.replace('A', 'a').replace('Bearer', 'bearer')), [200, undefined, 'ada']);
    assert.deepEqual(await status(port, '/mine'), [401, 'Bearer realm="api"', 'token_required']);
    const invalid = 'Bearer realm="api", error="invalid_token"';
    assert.deepEqual(await status(port, '/mine', `${good}x`), [401, invalid, 'invalid_token']);
    assert.deepEqual(await status(port, '/mine', good, good), [401, invalid, 'invalid_token']);
    assert.deepEqual(await status(port, '/mine', 'Authorization: Basic YTpi', good), [401, invalid, 'invalid_token']);
    assert.deepEqual(await status(port, '/mine', `Authorization: Bearer ${token('huge token')}`), [413, invalid, 'token_too_large']);
    assert.deepEqual(await status(port, '/admin', good), [403, 'Bearer realm="api", error="insufficient_scope"', 'forbidden']);
    assert.equal((await status(port, '/forgotten', good))[0], 401);
  });
}

test('next: a route handler and a proxy are functions of requests', async () => {
  const GET = forNext.protect(guard, (_, claims, { id }: { id: number }) => new Response(`${claims.sub} ${id}`), { scopes: ['read'] });
  const proxy = forNext.protectProxy(guard);
  const good = new Request('http://a/', { headers: { authorization: `Bearer ${token('ES256')}` } });
  assert.equal(await (await GET(good, { id: 7 })).text(), 'ada 7');
  assert.equal(await proxy(good), undefined);
  const bad = await GET(new Request('http://a/'), { id: 7 });
  assert.deepEqual([bad.status, bad.headers.get('cache-control')], [401, 'no-store']);
  assert.equal((await proxy(new Request('http://a/')))?.status, 401);
});

/** Status, challenge, and body or the code in it. Written by hand, so that it can have two headers of one name. */
async function status(port: number, path: string, ...headers: string[]): Promise<[number, string | undefined, string]> {
  const socket = connect(port);
  socket.write([`GET ${path} HTTP/1.1`, 'Host: localhost', 'Connection: close', ...headers, '', ''].join('\r\n'));
  let text = '';
  for await (const chunk of socket) text += String(chunk);
  const challenge = /^www-authenticate: (.*)\r$/im.exec(text)?.[1];
  const code = /"code":"(\w+)"/.exec(text)?.[1];
  const body = code ?? text.slice(text.indexOf('\r\n\r\n') + 4);
  if (code !== undefined && !/^cache-control: no-store\r$/im.test(text)) throw new Error(`a cache may keep ${text}`);
  return [Number(text.slice(9, 12)), challenge, /^[\da-f]+\r\n([^\r]*)/.exec(body)?.[1] ?? body];
}
