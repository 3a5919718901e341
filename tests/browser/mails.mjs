// The mails that `countersign dev` has sent: code and link are read out of the mails themselves, as it shows them.
import { until } from './server.mjs';

/** The mails so far, the newest first: `{ to, subject, code, link }`. */
export async function mails(world) {
  const page = await (await fetch(`http://127.0.0.1:${world.upstream}/dev/mail`)).text();
  const plain = (html) => html.replace(/<[^>]+>/g, '').replace(/&lt;/g, '<').replace(/&gt;/g, '>').replace(/&quot;/g, '"').replace(/&#39;/g, "'").replace(/&amp;/g, '&');
  return [...page.matchAll(/<article><h2>(.*?)<\/h2><p>To (.*?), from .*?<\/p><pre>(.*?)<\/pre>/gs)].map(([, subject, to, text]) => ({
    to: plain(to),
    subject: plain(subject),
    code: /\b\d{4}[ \u00a0]?\d{4}\b/.exec(plain(text))?.[0],
    link: /http:\/\/\S+\/m\/[\w-]{43}/.exec(plain(text))?.[0],
  }));
}

/** The newest mail to an address, once there are so many. */
export const mailTo = (world, address, count = 1) =>
  until(`mail ${count} to ${address}`, async () => {
    const all = (await mails(world)).filter(({ to }) => to === address);
    return all.length >= count && all[0];
  });
