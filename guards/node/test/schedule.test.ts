import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Schedule } from '../src/keys/schedule.ts';

const DAY = 86_400_000;
/** The chance that leaves a pause as it is, for a success. */
const EVEN = 0.5;
const s = (seconds: number): number => seconds * 1000;

/** Keys fetched at 100 s, to be renewed at 400 s. */
function withKeys(): Schedule {
  const schedule = new Schedule(s(100), DAY);
  assert.deepEqual(schedule.step(s(100)), { do: 'fetch' });
  schedule.succeeded(s(100), undefined, EVEN);
  assert.deepEqual(schedule.step(s(100)), { do: 'wait', until: s(400) });
  return schedule;
}

test('keys are renewed when their time is over, within bounds', () => {
  for (const [freshFor, chance, due] of [
    [undefined, EVEN, 300],
    [120, EVEN, 120],
    [0, EVEN, 60],
    [59, EVEN, 60],
    [901, EVEN, 900],
    [86_400, EVEN, 900],
    [100, 0, 90],
    [100, 1, 110],
  ] as const) {
    const schedule = new Schedule(0, DAY);
    schedule.step(0);
    schedule.succeeded(0, freshFor === undefined ? undefined : s(freshFor), chance);
    const until = Math.round((schedule.step(s(due) - 1) as { until: number }).until);
    assert.equal(until, s(due), `${freshFor} ${chance}`);
    assert.equal(schedule.step(s(due) + 1).do, 'fetch');
  }
});

test('failures are tried again ever more slowly, without end', () => {
  const schedule = new Schedule(0, DAY);
  let now = 0;
  for (const pause of [1, 2, 4, 8, 16, 32, 60, 60, 60]) {
    assert.equal(schedule.step(now).do, 'fetch');
    schedule.failed(now, 1);
    assert.deepEqual(schedule.step(now), { do: 'wait', until: now + s(pause) });
    now += s(pause);
  }
  schedule.failed(now, 0);
  assert.deepEqual(schedule.step(now), { do: 'wait', until: now + s(30) }, 'at least half of it');
});

test('old keys are used for a day and no longer', () => {
  const schedule = withKeys();
  let now = s(400);
  while (now < s(100) + DAY) {
    const step = schedule.step(now);
    assert.notEqual(step.do, 'forget', `${now}`);
    if (step.do === 'fetch') schedule.failed(now, 1);
    now = step.do === 'wait' ? step.until : now;
  }
  assert.equal(now, s(100) + DAY);
  assert.equal(schedule.age(now - 1), DAY - 1);
  assert.equal(schedule.step(now).do, 'forget');
  assert.equal(schedule.age(now), undefined);
});

/** When fetches start while tokens with these key IDs keep coming for 290 s. */
function flood(keyId: (now: number) => string): readonly number[] {
  const schedule = withKeys();
  const fetches: number[] = [];
  for (let now = s(100); now < s(390); now += 10) {
    schedule.askForKey(keyId(now), now);
    if (schedule.step(now).do !== 'fetch') continue;
    fetches.push(now);
    schedule.succeeded(now, s(900), EVEN);
  }
  return fetches;
}

test('a flood of unknown key IDs causes at most five fetches a minute', () => {
  const fetches = flood((now) => `k${now}`);
  assert.equal(fetches.length, 24, 'every 12 s');
  for (const [index, start] of fetches.entries()) assert.ok((fetches[index + 5] ?? Infinity) >= start + s(60), `${start}`);
});

test('one unknown key ID causes one fetch a minute', () => {
  assert.deepEqual(flood(() => 'k'), [112, 160, 220, 280, 340].map(s));
});

test('key IDs cause no fetch before there are keys, or while fetches fail', () => {
  assert.equal(new Schedule(0, DAY).askForKey('new', 0), false);
  const schedule = withKeys();
  assert.equal(schedule.step(s(400)).do, 'fetch');
  for (let failure = 0; failure < 6; failure++) schedule.failed(s(400), 1);
  schedule.askForKey('new', s(415));
  schedule.hearOfChange(s(415), 0);
  assert.deepEqual(schedule.step(s(431)), { do: 'wait', until: s(432) });
});

test('news from the feed makes the next fetch come within two seconds', () => {
  const schedule = withKeys();
  schedule.hearOfChange(s(200), 1);
  assert.deepEqual(schedule.step(s(200)), { do: 'wait', until: s(202) });
});
