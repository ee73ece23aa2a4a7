// SPDX-License-Identifier: Apache-2.0
//
// node blocks.js SERVER EXPERIMENT PROFILE [ROUNDS]: opens the windows of an experiment in a Chromium, their
// tabs and their files, and prints for how many milliseconds each step blocked the page: the longest time in
// which it could neither scroll nor take a click, and in brackets what the page's thread computed in the whole
// step. Fails when both are a second or more. A median of several rounds.
'use strict';

const path = require('path');
const { chromium } = require('playwright-core');

const [server, experiment, profile, rounds = '3'] = process.argv.slice(2);
const CHROMIUM = process.env.CHROMIUM || '/usr/bin/chromium';
const FLAGS = [
  '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
  '--disable-background-networking', '--disable-component-update', '--disable-sync',
];
const QUIET_MILLIS = 2000;
const MOST_MILLIS = 1000;
const TABS = ['Model metrics', 'System metrics', 'Traces', 'Artifacts'];

async function call(method, name, body) {
  const answer = await fetch(`${server}/api/2.0/mlflow/${name}`, {
    method,
    headers: { 'Content-Type': 'application/json' },
    body: body && JSON.stringify(body),
  });
  if (!answer.ok) {
    throw new Error(`${name} answered ${answer.status}: ${await answer.text()}`);
  }
  return answer.json();
}

async function windows(experimentId) {
  const found = await call('POST', 'runs/search', {
    experiment_ids: [experimentId],
    filter: "tags.`runtracker.kind` = 'window'",
    order_by: ['attributes.start_time'],
  });
  return Promise.all(found.runs.map(async (run) => {
    const id = run.info.run_id;
    const { files } = await call('GET', `artifacts/list?run_id=${id}`);
    return {
      id,
      size: run.data.tags.find((tag) => tag.key === 'runtracker.event_id').value.replace('window-of-', ''),
      megabytes: files.find((file) => file.path === 'requests.jsonl').file_size / 1e6,
    };
  }));
}

/** Runs in the page, before all else. A timer sees what is no task, such as layout and painting. */
function probe() {
  const seen = { longest: 0, last: performance.now() };
  window.blocks = seen;
  const note = (millis) => {
    seen.longest = Math.max(seen.longest, millis);
    if (millis >= 50) {
      seen.last = performance.now();
    }
  };
  new PerformanceObserver((list) => list.getEntries().forEach((task) => note(task.duration)))
    .observe({ type: 'longtask', buffered: true });
  let before = performance.now();
  const channel = new MessageChannel();
  const tick = () => {
    const now = performance.now();
    note(now - before);
    before = now;
  };
  channel.port1.onmessage = tick;
  setInterval(() => channel.port2.postMessage(0), 10);
}

/** How long the page's thread computed since it was opened. */
async function computed(devtools) {
  const { metrics } = await devtools.send('Performance.getMetrics');
  return metrics.find((metric) => metric.name === 'TaskDuration').value * 1000;
}

/**
 * The longest block from now on until a while after what is awaited is there; and what the page
 * computed in all, because on a machine that has other work a block lasts longer than it need.
 */
async function blocked(page, act, shown) {
  await page.evaluate(() => {
    if (window.blocks) {
      window.blocks.longest = 0;
    }
  });
  const before = await computed(page.devtools);
  await act();
  await shown().first().waitFor();
  await page.evaluate(() => {
    window.blocks.last = performance.now();
  });
  await page.waitForFunction(
    (quiet) => performance.now() - window.blocks.last > quiet, QUIET_MILLIS);
  const longest = await page.evaluate(() => window.blocks.longest);
  return { longest, computed: (await computed(page.devtools)) - before };
}

async function steps(page, root, run) {
  const found = {};
  const file = (name) => page.locator('[role="tabpanel"], main').getByText(name, { exact: true });
  found['the run'] = await blocked(
    page, () => page.goto(`${root}/${run.id}`), () => page.getByText('About this run'));
  for (const tab of TABS) {
    const link = page.getByRole('tab', { name: tab });
    found[tab] = await blocked(
      page, () => link.click(), () => page.locator(`[role="tab"][aria-selected="true"]`, { hasText: tab }));
  }
  found['`highlights.json`'] = await blocked(
    page, () => file('highlights.json').first().click(), () => page.getByText('View as table'));
  found['`requests.jsonl`'] = await blocked(
    page, () => file('requests.jsonl').first().click(),
    () => page.getByText(/^(\{"start_time"|.*too large)/));
  return found;
}

function median(values) {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
}

async function measure(root, run) {
  const all = {};
  for (let round = 0; round < Number(rounds); round++) {
    // A profile of its own, with nothing in its cache.
    const browser = await chromium.launchPersistentContext(
      path.join(profile, `${run.size}-${round}`), {
        executablePath: CHROMIUM,
        headless: true,
        args: FLAGS,
        viewport: { width: 1600, height: 800 },
      });
    try {
      const page = await browser.newPage();
      page.setDefaultTimeout(120000);
      await page.addInitScript(probe);
      page.devtools = await browser.newCDPSession(page);
      await page.devtools.send('Performance.enable', { timeDomain: 'threadTicks' });
      for (const [step, millis] of Object.entries(await steps(page, root, run))) {
        (all[step] ||= []).push(millis);
      }
    } catch (e) {
      await browser.pages().pop().screenshot({ path: path.join(profile, 'failed.png') });
      throw e;
    } finally {
      await browser.close();
    }
  }
  return all;
}

async function main() {
  const found = await call('GET', `experiments/get-by-name?experiment_name=${experiment}`);
  const id = found.experiment.experiment_id;
  const root = `${server}/#/experiments/${id}/runs`;
  const runs = await windows(id);
  const columns = [];
  for (const run of runs) {
    columns.push(await measure(root, run));
  }
  const heads = runs.map((run) => `${run.size.replace('-', ' ')} rows, ${run.megabytes.toFixed(1)} MB`);
  console.log(`| milliseconds | ${heads.join(' | ')} |`);
  console.log(`| --- |${' --- |'.repeat(runs.length)}`);
  let worst = 0;
  for (const step of Object.keys(columns[0])) {
    const cells = columns.map((column) => {
      const longest = median(column[step].map((one) => one.longest));
      const computed = median(column[step].map((one) => one.computed));
      worst = Math.max(worst, Math.min(longest, computed));
      return `${longest.toFixed(0)} (${computed.toFixed(0)})`;
    });
    console.log(`| ${step} | ${cells.join(' | ')} |`);
  }
  if (worst >= MOST_MILLIS) {
    throw new Error(`the page was blocked for ${worst.toFixed(0)} ms`);
  }
}

main().catch((e) => {
  console.error(e);
  process.exit(1);
});
