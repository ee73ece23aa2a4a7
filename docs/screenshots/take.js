// SPDX-License-Identifier: Apache-2.0
//
// node take.js SERVER EXPERIMENT PROFILE OUT: photographs MLflow's page in a Chromium.
'use strict';

const path = require('path');
const { chromium } = require('playwright-core');

const [server, experiment, profile, out] = process.argv.slice(2);
const CHROMIUM = process.env.CHROMIUM || '/usr/bin/chromium';
const FLAGS = [
  '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
  '--disable-background-networking', '--disable-component-update', '--disable-sync',
];
const SETTLED_MILLIS = 2500;

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

async function firstRun(experimentId, filter) {
  const found = await call('POST', 'runs/search', {
    experiment_ids: [experimentId],
    filter,
    order_by: ['attributes.start_time'],
    max_results: 1,
  });
  return found.runs[0].info.run_id;
}

async function shoot(page, name) {
  await page.mouse.move(1, 1);
  await page.waitForTimeout(SETTLED_MILLIS);
  await page.screenshot({ path: path.join(out, name) });
}

/** What stands in the way of what is to be seen; it stays closed. */
async function tidy(page, root) {
  await page.goto(root);
  await page.getByText('Model training').click();
  await page.locator('[data-component-id="mlflow.assistant.chat_panel.close"]').click();
  await page.getByRole('button', { name: 'Toggle sidebar' }).click();
}

async function runList(page) {
  const day = page.locator('.ag-row', { hasText: ' on web-1' });
  await day.locator('button').first().click();
  await page.getByRole('button', { name: 'Columns', exact: true }).click();
  const hidden = ['Dataset', 'Source', 'Models'];
  const shown = ['all/count', 'all/errors', 'all/per_second', 'all/p99_ms'];
  for (const column of [...hidden, ...shown]) {
    await page.getByPlaceholder('Search columns').fill(column);
    await page.waitForTimeout(500);
    // The box of the group, which holds nothing but what was searched for.
    await page.locator('[class*="tree-checkbox"]:not([class*="inner"])').first().click();
  }
  await page.keyboard.press('Escape');
  await shoot(page, 'runs.png');
}

async function table(page) {
  await page.getByText('highlights.json').first().click();
  await page.getByText('View as table').waitFor();
  await shoot(page, 'window.png');
}

async function curves(page) {
  await page.getByPlaceholder('Search metric charts').fill('all/');
  await page.getByRole('button', { name: 'Configure charts' }).click();
  await page.getByText('Time (wall)').click();
  await page.keyboard.press('Escape');
  await shoot(page, 'day.png');
}

async function main() {
  const found = await call('GET', `experiments/get-by-name?experiment_name=${experiment}`);
  const id = found.experiment.experiment_id;
  const day = await firstRun(id, "tags.`runtracker.kind` = 'day'");
  const window = await firstRun(
    id, "tags.`runtracker.kind` = 'window' and attributes.status = 'FAILED'");
  const root = `${server}/#/experiments/${id}/runs`;
  const browser = await chromium.launchPersistentContext(profile, {
    executablePath: CHROMIUM,
    headless: true,
    args: FLAGS,
    viewport: { width: 1600, height: 800 },
    timezoneId: 'UTC',
  });
  try {
    const page = await browser.newPage();
    page.setDefaultTimeout(20000);
    await tidy(page, root);
    const only = process.env.ONLY;
    if (!only || only === 'window') {
      await page.goto(`${root}/${window}/artifacts`);
      await table(page);
    }
    if (!only || only === 'day') {
      await page.goto(`${root}/${day}/model-metrics`);
      await curves(page);
    }
    if (!only || only === 'runs') {
      await page.goto(root);
      await runList(page);
    }
  } catch (e) {
    const page = browser.pages().pop();
    await page.screenshot({ path: path.join(profile, 'failed.png') });
    throw e;
  } finally {
    await browser.close();
  }
}

main().catch((e) => {
  console.error(e);
  process.exit(1);
});
