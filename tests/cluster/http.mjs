// One request, and what came of it: a status and a body, or nothing that is known.
import { readFileSync } from 'node:fs';
import { Agent as PlainAgent, request as plain } from 'node:http';
import { Agent as TlsAgent, request as secure } from 'node:https';

const LIMIT_MS = 6000;
const agents = { http: new PlainAgent({ keepAlive: true }), https: new TlsAgent({ keepAlive: true }) };

/** Whom to trust with `https://auth.example.com`. */
export function trust(file) {
  agents.https.options.ca = readFileSync(file);
}

/** `{ status, body, node }`; without a status, nothing is known to have happened or not to have happened. */
export function call(origin, method, path, { token, body } = {}) {
  const scheme = origin.slice(0, origin.indexOf(':'));
  const headers = { ...(body && { 'Content-Type': 'application/json' }), ...(token && { Authorization: `Bearer ${token}` }) };
  return new Promise((resolve) => {
    const send = scheme === 'https' ? secure : plain;
    const request = send(origin + path, { method, headers, agent: agents[scheme] }, async (response) => {
      try {
        let text = '';
        for await (const chunk of response) text += chunk;
        const isJson = response.headers['content-type']?.startsWith('application/json');
        resolve({ status: response.statusCode, body: isJson ? JSON.parse(text) : undefined, node: response.headers['x-served-by'] });
      } catch {
        resolve({});
      } finally {
        clearTimeout(timer);
      }
    });
    const timer = setTimeout(() => request.destroy(), LIMIT_MS);
    request.on('error', () => resolve({})).on('close', () => clearTimeout(timer));
    request.end(body && JSON.stringify(body));
  });
}
