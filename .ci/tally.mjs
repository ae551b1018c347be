// Reads vitest's JSON report and prints what was skipped and, last, "N passed, N failed". Exits 1 when anything
// failed, when a server was missing, when nothing ran, or when vitest itself says that the run failed.

import { readFileSync } from 'node:fs';

const [reportFile, vitestStatus] = process.argv.slice(2);
const files = readReport(reportFile);
const tests = files.flatMap((file) => file.assertionResults);
const withStatus = (...names) => tests.filter((test) => names.includes(test.status));

const passed = withStatus('passed').length;
const skipped = withStatus('pending', 'skipped', 'todo', 'disabled');
const withoutServer = skipped.filter((test) => test.fullName.includes('is needed:'));
// A file that could not even be loaded has no test of its own to fail.
const broken = files.filter(
  (file) => file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed'),
);
let failed = withStatus('failed').length + withoutServer.length + broken.length;
if (failed === 0 && (vitestStatus !== '0' || passed === 0)) failed = 1;

for (const test of skipped) console.log(`skipped: ${test.fullName}`);
for (const file of broken) console.log(`broken: ${file.name}: ${file.message}`);
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;

function readReport(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8')).testResults;
  } catch (error) {
    console.error(`no report from vitest: ${error.message}`);
    return [];
  }
}
