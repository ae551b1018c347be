// Modified UTF-7 (RFC 3501 section 5.1.3) for the test servers. Written apart from the product's own codec on
// purpose: a shared mistake would hide itself. Unlike the product it trusts its input.

/** Encodes one mailbox path; "/" passes through. */
export function encodeModifiedUtf7(text: string): string {
  return text.replace(/&|[^\x20-\x7e]+/g, (run) => {
    if (run === '&') return '&-';
    const units = Buffer.from(run, 'utf16le').swap16();
    return `&${units.toString('base64').replace(/=+$/, '').replaceAll('/', ',')}-`;
  });
}

/** Decodes one mailbox path as a server sends it. */
export function decodeModifiedUtf7(text: string): string {
  return text.replace(/&([^-]*)-/g, (_, run: string) =>
    run === '' ? '&' : Buffer.from(run.replaceAll(',', '/'), 'base64').swap16().toString('utf16le'),
  );
}
