/** The version of this program, from its manifest, and the commit it was built from where the build knew one. */
import { readFileSync } from 'node:fs';
import manifest from '../../package.json' with { type: 'json' };

export function version(): string {
  return manifest.version;
}

/** `0.1.0 (4d6f514a2b3c)`; without git at build time `0.1.0`. */
export function versionAndCommit(): string {
  const commit = builtFrom();
  return commit === null ? version() : `${version()} (${commit})`;
}

/** The build leaves it beside the compiled program; run from the sources there is none. */
function builtFrom(): string | null {
  try {
    const text = readFileSync(new URL('commit', import.meta.url), 'utf8').trim();
    return /^[0-9a-f]{7,40}$/.test(text) ? text : null;
  } catch {
    return null;
  }
}
